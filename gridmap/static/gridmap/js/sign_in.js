// One click fills the form with a demonstration account; the page lists them in debug only.

const buttons = [...document.querySelectorAll("[data-username]")];

for (const button of buttons) {
  button.addEventListener("click", () => {
    document.getElementById("id_username").value = button.dataset.username;
    document.getElementById("id_password").value = button.dataset.password;
    buttons.forEach((it) => it.setAttribute("aria-pressed", String(it === button)));
    document.getElementById("sign-in-button").focus();
  });
}
