// Small comforts only; every page reads and every form works without this file. Stores nothing.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' });

for (const time of document.querySelectorAll('time[datetime]')) {
  const words = local.format(new Date(time.dateTime));
  if ('local' in time.dataset) time.textContent = words;
  else time.title = words;
}

// A look is shown while it is chosen; it stays only when the form is sent.
for (const choice of document.querySelectorAll('input[name="theme"]')) {
  choice.addEventListener('change', () => {
    document.documentElement.dataset.theme = choice.value;
  });
}

for (const button of navigator.clipboard ? document.querySelectorAll('[data-copy]') : []) {
  const use = button.querySelector('use');
  const icon = use.getAttribute('href');
  const said = document.createElement('span');
  said.setAttribute('role', 'status');
  said.className = 'visually-hidden';
  button.after(said);
  button.classList.add('works');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      return;
    }
    said.textContent = 'Copied';
    button.classList.add('done');
    use.setAttribute('href', icon.replace('#copy', '#good'));
    setTimeout(() => {
      said.textContent = '';
      button.classList.remove('done');
      use.setAttribute('href', icon);
    }, 2000);
  });
}
