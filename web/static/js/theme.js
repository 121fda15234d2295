// Runs before the first paint, as a classic script: a stored choice of light or dark must not flash.
(() => {
  const choice = localStorage.getItem("homeroll-theme");
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
