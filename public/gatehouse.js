// Optional conveniences: every page and every form works without this file. Stores nothing.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' });

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

// Only instants are converted: a chart's day is a UTC day, and could become a different day in another time zone.
function localise(part) {
  for (const time of part.querySelectorAll('time[datetime*="T"]')) {
    const at = new Date(time.dateTime);
    const words = local.format(at);
    if (time.dataset.local !== '') time.title = words;
    if ('local' in time.dataset) time.textContent = time.dataset.local === 'clock' ? clock.format(at) : words;
  }
}
localise(document);

// Previews the theme while it is being chosen; it is saved only when the form is submitted.
for (const choice of document.querySelectorAll('input[name="theme"]')) {
  choice.addEventListener('change', () => {
    document.documentElement.dataset.theme = choice.value;
  });
}

// New entries appear at the top automatically, without moving what is being read.
for (const list of document.querySelectorAll('.entries[data-live]')) {
  const seen = new Set([...list.children].map((entry) => entry.id));
  const stream = new EventSource(list.dataset.live);
  stream.addEventListener('open', () => {
    for (const mark of document.querySelectorAll('.live-mark')) mark.hidden = false;
  });
  stream.addEventListener('message', ({ data }) => {
    const made = document.createElement('template');
    made.innerHTML = data;
    const entry = made.content.firstElementChild;
    if (!entry || seen.has(entry.id)) return;
    seen.add(entry.id);
    entry.classList.add('fresh');
    localise(entry);
    list.prepend(entry);
    if (scrollY > list.offsetTop) scrollBy(0, entry.offsetHeight);
  });
  addEventListener('pagehide', () => stream.close());
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

// A form's token is bound to the session id, which another tab may have replaced since this page loaded: fetch a new one.
const goodForMs = 20_000;
let gotAt = performance.now();
addEventListener('submit', async (event) => {
  const form = event.target;
  if (!form.elements._csrf || performance.now() - gotAt < goodForMs) return;
  event.preventDefault();
  try {
    const answer = await fetch('/api/me', { headers: { accept: 'application/json' } });
    if (answer.ok) {
      const { csrfToken } = await answer.json();
      for (const field of document.querySelectorAll('input[name="_csrf"]')) field.value = csrfToken;
    }
  } catch {
    // Submit anyway: the response will say what is wrong.
  }
  gotAt = performance.now();
  form.requestSubmit(event.submitter);
});
