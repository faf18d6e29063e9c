// Light or dark: as the system has it, until the button is pressed. Runs before the first paint.
{
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => document.getElementById("theme").setAttribute("aria-pressed", isDark());
  const turn = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("rerec.theme", root.dataset.theme);
    show();
  };
  const kept = localStorage.getItem("rerec.theme");
  if (kept) root.dataset.theme = kept;
  system.addEventListener("change", show);
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", turn);
    show();
  });
}
