// data_table blocks: sorted by their heads, a page at a time.

const cellKey = (row, column) => {
  const cell = row.cells[column];
  return cell?.dataset.sort !== undefined ? Number(cell.dataset.sort) : (cell?.textContent ?? "").trim();
};

const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });

function sort(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const upwards = heads[column].getAttribute("aria-sort") !== "ascending";
  heads.forEach((head, n) => head.setAttribute("aria-sort", n === column ? (upwards ? "ascending" : "descending") : "none"));
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => compare(cellKey(a, column), cellKey(b, column)) * (upwards ? 1 : -1));
  body.append(...rows);
  table.page = 0;
  show(table);
}

function show(table) {
  const size = Number(table.dataset.pageSize);
  const rows = [...table.tBodies[0].rows];
  const pages = Math.max(1, Math.ceil(rows.length / size));
  table.page = Math.min(Math.max(table.page ?? 0, 0), pages - 1);
  rows.forEach((row, n) => { row.hidden = Math.floor(n / size) !== table.page; });
  const pager = table.pager;
  if (!pager) return;
  pager.querySelector("[data-step='-1']").disabled = table.page === 0;
  pager.querySelector("[data-step='1']").disabled = table.page === pages - 1;
  pager.querySelector("span").textContent = `${table.page * size + 1}–${Math.min(rows.length, (table.page + 1) * size)} of ${rows.length}`;
}

function pagerFor(table) {
  const pager = document.createElement("div");
  pager.className = "pager";
  for (const [step, words] of [[-1, "Previous"], [1, "Next"]]) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn plain", textContent: words });
    button.dataset.step = step;
    button.addEventListener("click", () => { table.page += step; show(table); });
    pager.append(button);
  }
  const where = document.createElement("span");
  where.setAttribute("role", "status");
  pager.insertBefore(where, pager.lastChild);
  return pager;
}

// Called after every redraw; a table that is already alive stays as it is.
export function enliven(root = document) {
  for (const table of root.querySelectorAll("table.data-table")) {
    if (table.alive) continue;
    table.alive = true;
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th");
      if (head && event.target.closest("button")) sort(table, head.cellIndex);
    });
    if (table.tBodies[0].rows.length > Number(table.dataset.pageSize)) {
      table.pager = pagerFor(table);
      table.closest(".table-frame").append(table.pager);
    }
    show(table);
  }
}
