// The data of the page: what was counted of all lines, and those lines that are here in full.

const DATA = JSON.parse(byId("data").textContent);
const RECORDS = JSON.parse(byId("records").textContent).map(asRecord);
const BY_ID = new Map(RECORDS.map((record) => [record.id, record]));

// Exact numbers of lines, by kind.
function totals() {
  const sums = {};
  for (const group of DATA.groups) sums[group.kind] = (sums[group.kind] || 0) + group.count;
  return sums;
}
