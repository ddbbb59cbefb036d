// A letter of demand: the button prints it.
document.querySelector("[data-print]").addEventListener("click", () => window.print());
