"""Data are checked where they are drawn: no value of a service breaks a card, or looks like what it is not.

Most cards are drawn in one page, one after the other, for every value in every place of their data.
"""

import json

from playwright.sync_api import Route, expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.uploads import add_light_curve, upload_analysis

DEEP = 600
MANY = 20_000
EVIL_NAMES = ("__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "toJSON")
MARKUP = "<img src=x onerror=alert(1)><a href='https://evil.example'>click</a>"
BIDI = "\u202egnp.exe\u2066\u0000\u001b[31m\u200b"

VALUES: dict[str, str] = {
    "null": "null", "true": "true", "zero": "0", "negative": "-1", "tiny": "5e-324", "huge": "1.7e308", "over": "1e400",
    "under": "-1e400", "text": '"soon"', "empty text": '""', "long text": json.dumps("x" * 500_000),
    "bidi": json.dumps(BIDI), "half a character": r'"\ud800"', "markup": json.dumps(MARKUP), "empty list": "[]",
    "list": "[1, null, \"a\", [2], {}]", "list of null": "[null]", "nulls in lists": "[[null], [[null]]]",
    "many entries": json.dumps(list(range(MANY))), "empty object": "{}", "deep list": "[" * DEEP + "]" * DEEP,
    "deep object": '{"a":' * DEEP + "1" + "}" * DEEP,
    "many keys": json.dumps({f"k{number}": number for number in range(MANY)}),
    "many estimates": json.dumps({f"k{number}": {"median": number} for number in range(MANY // 10)}),
    "evil names": "{" + ",".join(f'"{name}": {{"median": 1, "std": "x"}}' for name in EVIL_NAMES) + "}",
    "evil values": "{" + ",".join(f'"{name}": null' for name in EVIL_NAMES) + "}",
    "estimate": '{"median": 1e300, "err_minus": -1, "err_plus": "1", "std": 1e400, "best_fit": []}',
}  # fmt: skip
"""JSON texts by what they are: Python would not write some of them."""

RESULTS = {
    "source": "salt3", "n_rows": 15, "chi2": 12.0, "ndof": 11, "misfit_p_value": 0.4, "log_evidence": -5.0,
    "parameters": {"z": {"median": 0.05, "err_minus": 0.002, "err_plus": 0.003, "std": 0.0025, "best_fit": 0.05}},
    "peak": {"absolute": -19.1, "absolute_std": 0.1, "caveats": [{"message": "beware"}]}, "note": "n",
    "catalogue": {
        "sources": [
            {"name": "salt3", "class": "Ia", "log_evidence": -5.0, "misfit_p_value": 0.4, "redshift": 0.05,
             "redshift_std": 0.001, "peak_absolute": -19.2, "reason": None}
        ],
        "class_probabilities": {"Ia": 0.9}, "class_probabilities_note": "if", "prior_rates": {"Ia": 0.24},
    },
    "forecast": {
        "message": "next", "last_mjd": 59000.0, "class_probabilities": {"Ia": 0.9}, "entropy_bits": 0.5,
        "measurements": [
            {"mjd": 59003.0, "filter": "ztfg", "expected_bits": 0.2,
             "magnitudes": {"Ia": {"median": 18.0, "faint": 18.2, "bright": 17.8}}}
        ],
        "grid": {"mjd": [59003.0], "expected_bits": {"ztfg": [0.2]}},
    },
}  # fmt: skip
MODEL = {
    "id": 1, "status": "completed", "model_name": "salt3", "model_lightcurve": {"ztfg": [[59000.0, 19.0, 18.9, 19.1]]},
    "model_summary": {"peak_mjd": 59002.0, "redshift": 0.05, "distance_modulus": 36.5, "log_evidence": -1.0},
    "verdict": {"describes_data": True, "word": "good", "message": "yes"}, "input_filters": None, "n_detections": 5,
}  # fmt: skip
REMARK = {
    "origin": "fit", "text": "hello", "classification": "Ia", "author_name": "ada",
    "data": {"analysis_id": 3, "period": 0.5, "period_err": 0.1, "list": [1]},
}  # fmt: skip

HARNESS = """async ([base, values, documents]) => {
  const load = (path) => import(base + path);
  const { html, render } = await load("vendor/htm-preact.js");
  const { Card } = await load("parts/layout.js");
  const { AnalysisResults } = await load("parts/analysis_results.js");
  const { MainResults, ClassProbabilities, ModelRanking } = await load("parts/fit_summary.js");
  const { ForecastTable } = await load("parts/forecast_table.js");
  const { Annotations, Comments, Classifications } = await load("parts/source_remarks.js");
  const { StateBadge, VerdictBadge } = await load("parts/indicators.js");
  const curves = await load("core/light_curve_data.js");
  const { buildLightCurveFigure } = await load("parts/light_curve_figure.js");
  const { chooseBins, buildDensity } = await load("core/density.js");
  const FALSE_TEXT = /native code|\\[object|[\\u0000\\u202e\\u2066]/;
  const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  const points = [0, 1, 2, 3].map((day) => ({ id: day, mjd: 59000 + day, mag: 19, magerr: 0.1, flux: 90, fluxerr: 9,
    limiting_mag: 21, filter: "ztfg", instrument_name: "ZTF" }));
  const series = curves.groupSeries(points);
  const drawCurves = (analysis) => {
    const models = curves.rankModels([analysis, { ...analysis, id: 2 }]);
    const scales = Object.values(curves.buildScales(models[0], 36)).filter(Boolean);
    const times = Object.values(curves.buildTimeAxes(points, models[0], 0.05)).filter(Boolean);
    for (const scale of scales)
      for (const time of times) {
        const visible = models.map((model) => ({ analysis: model, dash: "solid" }));
        const options = { scale, time, leftOut: new Set(), hasResiduals: true };
        const [, layout] = buildLightCurveFigure(series, visible, options);
        for (const axis of [layout.xaxis, layout.yaxis])
          if (!axis.range.every(Number.isFinite)) throw new Error(`an axis from ${axis.range[0]} to ${axis.range[1]}`);
      }
  };
  const nodes = {
    results: (results) => [
      html`<${AnalysisResults} results=${results} />`,
      isRecord(results) && html`<${MainResults} results=${results} />`,
      Array.isArray(results?.catalogue?.sources) && html`<${ClassProbabilities} catalogue=${results.catalogue} />`,
      Array.isArray(results?.catalogue?.sources) && html`<${ModelRanking} catalogue=${results.catalogue} />`,
      isRecord(results?.forecast) && html`<${ForecastTable} forecast=${results.forecast} />`,
    ],
    model: (model) => {
      if (!isRecord(model)) return [];
      drawCurves({ ...model, id: 1, status: "completed" });
      return [];
    },
    remark: (remark) => {
      if (!isRecord(remark)) return [];
      const source = { id: "S", annotations: [], comments: [], classifications: [] };
      const time = "2026-01-01T00:00:00";
      const fixed = { id: 1, author_id: 1, modified: time, created_at: time, probability: 0.5 };
      const data = isRecord(remark.data) ? remark.data : {};
      return [
        html`<${Annotations} source=${{ ...source, annotations: [{ ...remark, ...fixed, data }] }} />`,
        html`<${Comments} source=${{ ...source, comments: [{ ...remark, ...fixed }] }} />`,
        html`<${Classifications} source=${{ ...source, classifications: [{ ...remark, ...fixed }] }} />`,
      ];
    },
  };
  const listPaths = (value, path = []) => [path,
    ...(value !== null && typeof value === "object"
      ? Object.keys(value).flatMap((key) => listPaths(value[key], [...path, key])) : [])];
  const replaceAt = (value, [key, ...rest], replacement) => {
    if (key === undefined) return replacement;
    const copy = Array.isArray(value) ? [...value] : { ...value };
    copy[key] = replaceAt(value[key], rest, replacement);
    return copy;
  };
  const parsed = Object.entries(values).map(([name, text]) => [name, JSON.parse(text)]);
  const problems = [];
  let count = 0;
  for (const [kind, document_] of Object.entries(documents))
    for (const path of listPaths(document_))
      for (const [name, value] of parsed) {
        count += 1;
        const where = `${kind}.${path.join(".")} = ${name}`;
        const start = performance.now();
        // A new one for each: what fails must not fail the next.
        const container = document.createElement("div");
        document.body.append(container);
        try {
          const drawn = nodes[kind](replaceAt(document_, path, value));
          render(html`<${Card} title="Hostile">${drawn}<//>`, container);
          await Promise.resolve();
          const cardText = container.textContent;
          if (cardText.includes("Cannot show this part")) problems.push(`${where}: ${cardText.slice(0, 200)}`);
          if (FALSE_TEXT.test(cardText)) problems.push(`${where}: shows ${cardText.slice(0, 200)}`);
          if (cardText.length > 500_000) problems.push(`${where}: ${cardText.length} characters`);
          if (container.querySelector("img, script, a[href*=evil]")) problems.push(`${where}: markup is drawn`);
          render(null, container);
        } catch (error) {
          problems.push(`${where}: ${error.message}`);
        }
        container.remove();
        if (performance.now() - start > 4000) problems.push(`${where}: took ${performance.now() - start} ms`);
      }
  for (const lists of [[[]], [[1e308, -1e308]], [[0]], [[1, 1, 1]], [[5e-324, 1]]]) {
    const bins = chooseBins(lists);
    const { x } = buildDensity(lists[0], bins);
    if (lists[0].length && !x.every(Number.isFinite)) problems.push(`density of ${lists}: ${x}`);
  }
  return { count, problems };
}"""


def test_every_value_in_every_place_of_a_card_is_drawn_or_said(app: App) -> None:
    documents = {"results": RESULTS, "model": MODEL, "remark": REMARK}
    answer = app.page.evaluate(HARNESS, [app.url, VALUES, documents])
    print(f"{answer['count']} documents were drawn")
    assert "\n".join(answer["problems"]) == ""
    assert answer["count"] > 1000


def make_answer(text: str) -> str:
    return f'{{"status": "success", "data": {text}, "version": "0"}}'


def list_documents() -> list[str]:
    """Return documents of results that a page is to draw."""
    many = json.dumps({f"k{number}": number for number in range(100_000)})
    estimates = ("many estimates", "evil names", "long text")
    fits = [json.dumps(RESULTS).replace('{"z": ', f'{{"x": {VALUES[name]}, "<b>z</b>": ', 1) for name in estimates]
    return [VALUES["deep object"], many, VALUES["bidi"], *fits]


def serve_results(app: App, by_id: dict[int, str]) -> None:
    """Let the pages of the app see these documents as the results of analyses."""

    def answer(route: Route) -> None:
        number = int(route.request.url.split("/obj/analysis/")[1].split("/")[0])
        route.fulfill(status=200, content_type="application/json", body=make_answer(by_id[number]))

    app.page.route("**/obj/analysis/*/results", answer)


def test_pages_of_hostile_results_stay_alive(app: App, api: Api) -> None:
    add_light_curve(api, "Hostile_2", {59000.0 + day: 19.0 for day in range(5)})
    ids = [upload_analysis(api, "Hostile_2", {"results": {"n": number}}) for number in range(6)]
    serve_results(app, dict(zip(ids, list_documents(), strict=True)))
    for address in (f"compare/{','.join(map(str, ids))}", f"analysis/{ids[1]}", f"analysis/{ids[4]}"):
        app.open(address)
        expect(app.page.get_by_text("Cannot show this part of the page")).to_have_count(0)
        expect(app.page.locator("main h1")).to_be_visible()


def test_a_card_that_cannot_be_drawn_says_so_and_the_others_stay(app: App) -> None:
    body = make_answer('{"spectra": [{"id": 1, "wavelengths": null}]}')
    app.page.route(
        "**/sources/2019dwz/spectra*", lambda route: route.fulfill(content_type="application/json", body=body)
    )
    app.open("source/2019dwz")
    expect(app.card("Spectra")).to_contain_text("Cannot show this part of the page: its data do not have")
    expect(app.card("Comments").get_by_role("button", name="Comment")).to_be_visible()
    app.errors.clear()
