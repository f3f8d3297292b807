"""An analysis: wait for it, read its results, run it again."""

import base64
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from heliograph.analysis_requests import build_request
from heliograph.connection import Connection, encode_json
from heliograph.errors import AnalysisFailedError, ForbiddenError, NotFoundError, UnsupportedError
from heliograph.lookups import Groups, find_group_ids
from heliograph.pictures import Image
from heliograph.plain_text import clean_message, clean_text
from heliograph.posterior_files import decode_posterior
from heliograph.progress_bars import Reading, wait_until_over
from heliograph.records import PortalRecord, Record, Verdict, check_number, get_number_field
from heliograph.registered_services import RegisteredService
from heliograph.sent_photometry import SentPhotometry

RUNNING = ("queued", "pending")
COMPLETED = "completed"
_Product = TypeVar("_Product")


class Analysis(PortalRecord):
    """An analysis of a source by a service.

    ::

        fit = sky.source("2019dwz").analyze("Supernova fitter", source="salt3")
        fit.wait()
        fit.results, fit.plots[0], fit.inference_data
    """

    kind = "Analysis"
    title_fields = ("id",)

    @property
    def status(self) -> str:
        """Its state now: queued, pending, completed, failure, timed_out or cancelled."""
        return str(self._fetch_status().get("status"))

    @property
    def message(self) -> str:
        """What the service says of it now, or why it failed."""
        return str(self._fetch_status().get("message") or "")

    @property
    def progress(self) -> float | None:
        """The fraction done, from 0 to 1; None if the service does not tell."""
        return get_number_field(self._fetch_status(), "progress")

    @property
    def verdict(self) -> Verdict | None:
        """Whether the service's model describes the data; None if it says nothing of it."""
        verdict = self._fetch_status().get("verdict")
        return Verdict(verdict) if verdict else None

    @property
    def url(self) -> str:
        """Its page in a browser."""
        if self._connection.is_skyportal:
            return f"{self._connection.url}/source/{quote(str(self['obj_id']))}/analysis/{self.get_number()}"
        return f"{self._connection.web_url}/#/analysis/{self.get_number()}"

    def describe_line(self) -> list[str]:
        """Add the source, the service, and the last known state."""
        fields = self._fields
        service = fields.get("analysis_service_name") or f"service {fields.get('analysis_service_id')}"
        message = fields.get("status_message")
        parts = [f"{clean_text(service)} of {clean_text(fields.get('obj_id'))}", clean_text(fields.get("status"))]
        return [*parts, clean_text(message)] if message else parts

    def refresh(self) -> "Analysis":
        """Read its record anew, and return it."""
        query = {} if self._connection.is_skyportal else {"includeDetails": True}
        self._replace_fields(self._connection.get_record(self._path, **query))
        return self

    def wait(self, timeout: float | None = None, progress: bool = True) -> "Analysis":
        """Wait until it has ended, with a bar that shows the service's messages.

        Ctrl-C leaves it running; ``sky.analysis(number).wait()`` waits again.

        Parameters
        ----------
        timeout : float, optional
            Most seconds to wait.
        progress : bool
            Whether to show a bar.

        Raises
        ------
        AnalysisFailedError
            If it failed, timed out or was cancelled.
        WaitTimeoutError
            If it has not ended in time; it goes on.
        """
        number = self.get_number()
        wait_until_over(
            self._look,
            title=f"Analysis {number}",
            way_back=f"sky.analysis({number}).wait()",
            total=1.0,
            timeout=timeout,
            shows_bar=progress,
        )
        self.refresh()
        if self["status"] != COMPLETED:
            words = clean_message(self.get("status_message")) or "no reason is named"
            raise AnalysisFailedError(f"Analysis {number} ended as {clean_text(self['status'])}: {words}")
        return self

    @cached_property
    def results(self) -> dict[str, Any]:
        """Its results, as its service defines them."""
        results = self._get_product(lambda: self._connection.get(f"{self._path}/results"))
        return results if isinstance(results, dict) else {"results": results}

    @cached_property
    def inference_data(self) -> Any:
        """Its posterior, as arviz has it: an InferenceData of 0.x, a DataTree of 1.x."""
        return decode_posterior(self._inference_file)

    @cached_property
    def plots(self) -> list[Image]:
        """Its plots."""
        number = self._get_product(lambda: check_number(self.refresh().get("num_plots")))
        if not number and self["status"] in RUNNING:
            raise NotFoundError(f"It is {self['status']} still: call .wait() first.", 404)
        return [Image(self._connection.get_file(f"{self._path}/plots/{n}"), f"plot_{n}") for n in range(number)]

    @cached_property
    def photometry_sent(self) -> SentPhotometry:
        """The photometry that the service was sent; only for its author."""
        self._connection.require_heliograph("record of what a service was sent")
        inputs = Record(Record(self._connection.get_record(f"{self._path}/inputs")).get("inputs") or {})
        if not isinstance(inputs.get("photometry"), str):
            raise NotFoundError("The service was sent no photometry.", 404)
        return SentPhotometry(inputs["photometry"])

    def corner(self, *, format: str = "png", **options: Any) -> Image:
        """Draw the posterior.

        Parameters
        ----------
        format : str
            png, pdf or svg.
        **options
            Arguments of `corner.corner`, such as ``quantiles=[0.05, 0.95]``.
        """
        query = {"plot_kwargs": encode_json(options).decode()} if options else {}
        return self._draw("corner", format, **query)

    def light_curve(self, *, scale: str = "flux", format: str = "png") -> Image:
        """Draw the light curve with the models of the supernova fitter, in flux or magnitude."""
        return self._draw("light_curve", format, scale=scale)

    def posterior_plot(self, kind: str = "trace", *, format: str = "png") -> Image:
        """Draw a plot of the posterior: trace, rank, pair, forest, ppc or loo."""
        return self._draw("posterior_plot", format, kind=kind)

    def download(self, folder: str | Path) -> list[Path]:
        """Write its results, posterior, plots and photometry into a folder, and return the paths.

        What it does not have is left out.

        Raises
        ------
        NotFoundError
            If it has nothing.
        """
        target = Path(folder).expanduser()
        products: list[tuple[str, Callable[[], bytes]]] = [
            ("results.json", lambda: json.dumps(self.results, indent=1).encode()),
            ("inference_data.nc", lambda: self._inference_file),
            ("photometry_sent.csv", lambda: self.photometry_sent.text.encode()),
        ]
        contents = {name: content for name, load in products if (content := _load_if_there(load)) is not None}
        images = _load_if_there(lambda: self.plots) or []
        contents |= {f"{image.name}.{image.format}": image.content for image in images}
        if not contents:
            raise NotFoundError(
                f"Analysis {self.get_number()} has nothing to download; its state is {self.status}.", 404
            )
        target.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (target / name).write_bytes(content)
        return [target / name for name in contents]

    def rerun(
        self,
        *,
        parameters: Mapping[str, Any] | None = None,
        input_filters: Mapping[str, Any] | None = None,
        groups: Groups = None,
        **changes: Any,
    ) -> "Analysis":
        """Run it again with changes, on today's data, as a new analysis.

        Parameters
        ----------
        parameters : Mapping, optional
            Changed parameters, where their names are not those of arguments here.
        input_filters : Mapping, optional
            Other data to send, as in `Source.analyze`.
        groups : optional
            Who sees it; by default as before.
        **changes
            Changed parameters.
        """
        self._connection.require_heliograph("reruns; start a new analysis")
        service_id = check_number(self["analysis_service_id"])
        service = RegisteredService(self._connection, self._connection.get_record(f"/analysis_service/{service_id}"))
        body = build_request(
            service, {**(parameters or {}), **changes}, input_filters=input_filters, groups=groups, is_complete=False
        )
        answer = Record(self._connection.post(f"{self._path}/rerun", body))
        return get_analysis(self._connection, check_number(answer.get("id")))

    def cancel(self) -> None:
        """Cancel it while it is queued or pending."""
        self._connection.require_heliograph("way to cancel an analysis; delete it")
        self._connection.post(f"{self._path}/cancel")

    def delete(self) -> None:
        """Delete it with its files."""
        self._connection.delete(self._path)

    def share(self, groups: Groups) -> None:
        """Have exactly these groups see it, with all its figures and files."""
        self._connection.require_heliograph("way to share an analysis")
        self._connection.patch(self._path, {"group_ids": find_group_ids(self._connection, groups)})
        self.refresh()

    def _list_html_fields(self) -> dict[str, Any]:
        names = ("id", "obj_id", "analysis_service_name", "status", "status_message", "analysis_parameters", "duration")
        fields = {name: self._fields.get(name) for name in names}
        verdict = self._fields.get("verdict")
        if isinstance(verdict, dict):
            fields["verdict"] = verdict.get("message")
        return fields

    @property
    def _path(self) -> str:
        return f"/obj/analysis/{self.get_number()}"

    @cached_property
    def _inference_file(self) -> bytes:
        if not self._connection.is_skyportal:
            return bytes(self._get_product(lambda: self._connection.get_file(f"{self._path}/inference_data")))
        document = self._connection.get_record(self._path, includeAnalysisData=True).get("data") or {}
        encoded = document.get("inference_data") or {}
        if not encoded.get("data"):
            raise NotFoundError(f"Analysis {self.get_number()} has no inference data.", 404)
        return base64.b64decode(encoded["data"])

    def _fetch_status(self) -> dict[str, Any]:
        if self._connection.is_skyportal:
            record = self._connection.get_record(self._path)
            status = {"status": record.get("status"), "message": record.get("status_message")}
        else:
            status = self._connection.get_record(f"{self._path}/status")
        self._replace_fields({**self._fields, "status": status.get("status"), "status_message": status.get("message")})
        return status

    def _look(self) -> Reading:
        status = self._fetch_status()
        is_over = status.get("status") not in RUNNING
        done = 1.0 if is_over else get_number_field(status, "progress") or 0.0
        return Reading(is_over, min(max(done, 0.0), 1.0), f"{status.get('status')} {status.get('message') or ''}")

    def _get_product(self, load: Callable[[], _Product]) -> _Product:
        """Return a product; if there is none because the analysis has not ended, say so."""
        try:
            return load()
        except NotFoundError as error:
            status = self.status
            if status not in RUNNING:
                raise
            raise NotFoundError(f"{error} It is {status} still: call .wait() first.", error.status) from None

    def _draw(self, figure: str, format: str, **query: Any) -> Image:
        if figure != "corner":
            self._connection.require_heliograph(f"figures of this kind ({figure})")
        try:
            content = self._get_product(
                lambda: self._connection.get_file(f"{self._path}/{figure}", format=format, **query)
            )
        except NotFoundError:
            if self._connection.is_skyportal:
                raise UnsupportedError(
                    f"{self._connection.url} draws no corner plots; draw .inference_data with arviz."
                ) from None
            raise
        return Image(content, figure if figure != "posterior_plot" else query["kind"])


def get_analysis(connection: Connection, number: int) -> Analysis:
    """Return an analysis by its number."""
    return Analysis(connection, {"id": number}).refresh()


def _load_if_there(load: Callable[[], _Product]) -> _Product | None:
    try:
        return load()
    except (NotFoundError, ForbiddenError, UnsupportedError):
        return None
