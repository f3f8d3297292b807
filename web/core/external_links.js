// Pages of other archives about a source: by its name on TNS, else by its position. Links only: nothing is loaded.
const TNS_NAME = /^(?:SN|AT)?[\s_]*((?:19|20)\d{2}[A-Za-z]{1,6})$/;
const RADIUS_ARCSEC = 10;

const buildUrl = (base, query) => `${base}?${new URLSearchParams(query)}`;

// `source` is one of the API's. Returns pairs of a name and an address.
export function listExternalLinks({ id, alias, tns_name: tnsName, ra, dec }) {
  const tnsId = [tnsName, id, ...(alias ?? [])].map((name) => TNS_NAME.exec(name ?? "")?.[1]).find(Boolean);
  const hasPosition = ra !== null && dec !== null;
  const links = [];
  if (tnsId) links.push(["TNS", `https://www.wis-tns.org/object/${encodeURIComponent(tnsId)}`]);
  else if (hasPosition)
    links.push([
      "TNS",
      buildUrl("https://www.wis-tns.org/search", { ra, decl: dec, radius: RADIUS_ARCSEC, coords_unit: "arcsec" }),
    ]);
  return hasPosition ? [...links, ...listPositionLinks(ra, dec)] : links;
}

function listPositionLinks(ra, dec) {
  const pair = `${ra} ${dec < 0 ? "" : "+"}${dec}`;
  return [
    [
      "NED",
      buildUrl("https://ned.ipac.caltech.edu/conesearch", {
        search_type: "Near Position Search",
        in_csys: "Equatorial",
        in_equinox: "J2000",
        ra: `${ra}d`,
        dec: `${dec}d`,
        radius: 0.5,
      }),
    ],
    [
      "SIMBAD",
      buildUrl("https://simbad.cds.unistra.fr/simbad/sim-coo", {
        Coord: pair,
        CooFrame: "ICRS",
        Radius: RADIUS_ARCSEC,
        "Radius.unit": "arcsec",
      }),
    ],
    [
      "Legacy Survey",
      buildUrl("https://www.legacysurvey.org/viewer", { ra, dec, layer: "ls-dr10", zoom: 16, mark: `${ra},${dec}` }),
    ],
    ["Aladin Lite", buildUrl("https://aladin.cds.unistra.fr/AladinLite/", { target: pair, fov: 0.05 })],
  ];
}
