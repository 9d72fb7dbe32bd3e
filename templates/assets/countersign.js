// Optional: every page works without it. `/` goes to the search field, `j` and `k` move between rows.
(() => {
  const links = () => [...document.querySelectorAll("tbody th[scope=row] a, tbody td a.narrow")].filter((a) => a.offsetParent);
  let at = -1;
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, select, textarea, [contenteditable]");
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (event.key === "j" || event.key === "k") {
      const rows = links();
      at = Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)));
      if (rows[at]) rows[at].focus();
    }
  });
})();
