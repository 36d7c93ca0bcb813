// The form that puts an adapter in service: a model that there is has its name and its teams, and may try the adapter on
// a share of its conversations first. Without script all fields are there, and what does not apply is not read.
const choice = document.querySelector('select[name="existing"]');
if (choice) {
  const show = () => {
    document.querySelector("[data-new-model]").hidden = Boolean(choice.value);
    document.querySelector("[data-next-version]").hidden = !choice.value;
  };
  choice.addEventListener("change", show);
  show();
}
