// Sizes the frame of a library page to its content, and updates a sync's progress. Without it the frame scrolls and people reload by hand.
const frame = document.querySelector('.page-frame');

function fit() {
  const body = frame.contentDocument?.body;
  // If the page could not be loaded, the frame holds the browser's own error document.
  if (!body?.classList.contains('framed')) return;
  const measure = () => {
    frame.style.height = `${Math.ceil(body.getBoundingClientRect().height) + 1}px`;
  };
  new ResizeObserver(measure).observe(body);
  measure();
}

if (frame) {
  frame.addEventListener('load', fit);
  if (frame.contentDocument?.readyState === 'complete') fit();
}

const everyMs = 2000;

async function follow(panel) {
  const path = panel.dataset.live;
  const answer = await fetch(path, { headers: { accept: 'text/html' } }).catch(() => undefined);
  if (answer && !answer.ok) return;
  const page = answer && new DOMParser().parseFromString(await answer.text(), 'text/html');
  const next = page?.querySelector('.sync');
  if (page && !next?.dataset.live) {
    location.reload();
    return;
  }
  if (next) panel.replaceChildren(...next.childNodes);
  setTimeout(follow, everyMs, panel);
}

for (const panel of document.querySelectorAll('[data-live]')) setTimeout(follow, everyMs, panel);
