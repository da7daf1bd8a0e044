/* What the pages at /admin/ do beyond plain HTML: the reader's own time, tables that sort and narrow, charts drawn from tables, lists that
   renew themselves. Every page is whole without it. */
'use strict';

const variable = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* --- times in the reader's zone --- */

function showLocalTimes(root) {
  for (const element of root.querySelectorAll('time[datetime]')) {
    const moment = new Date(element.dateTime);
    if (isNaN(moment) || element.dataset.shown) continue;
    const two = number => String(number).padStart(2, '0');
    element.title = element.textContent + ' UTC';
    element.dataset.shown = 'local';
    element.textContent = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ` +
      `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  }
}

/* --- tables --- */

const cellValue = (row, index) => {
  const cell = row.cells[index];
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const time = cell.querySelector('time');
  return time ? time.dateTime : cell.textContent.trim().toLocaleLowerCase();
};

function sortTable(table, index) {
  const head = table.tHead.rows[0].cells[index];
  const descending = head.getAttribute('aria-sort') === 'ascending';
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const x = cellValue(a, index), y = cellValue(b, index);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
    return descending ? -order : order;
  });
  table.tBodies[0].append(...rows);
}

function makeSortable(table) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) return;
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    button.addEventListener('click', () => sortTable(table, index));
    head.replaceChildren(button);
  });
}

function makeNarrowable(table) {
  const tools = table.closest('.scroll').previousElementSibling;
  if (!tools || !tools.classList.contains('tools') || table.tBodies[0].rows.length < 8) return;
  const box = document.createElement('input'), count = document.createElement('span');
  box.type = 'search';
  box.className = 'narrow';
  box.placeholder = 'Narrow down';
  box.setAttribute('aria-label', 'Narrow down: ' + table.caption.textContent);
  count.setAttribute('role', 'status');
  count.className = 'quiet-text';
  box.addEventListener('input', () => {
    const words = box.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLocaleLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = words.length ? `${shown} of ${table.tBodies[0].rows.length} rows` : '';
  });
  tools.prepend(box, count);
}

/* --- charts --- */

const charts = [];

function readTable(table, wanted) {
  const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
  const columns = heads.map((head, index) => index).filter(index => rows[0].cells[index].dataset.value !== undefined &&
    (!wanted.length || wanted.includes(heads[index].textContent.trim().replace(/, .*/, '')) || wanted.includes(heads[index].textContent.trim())));
  return {
    labels: rows.map(row => row.cells[0].querySelector('time') ? row.cells[0].textContent.slice(5, 16) : row.cells[0].textContent.trim()),
    series: columns.map(index => ({ label: heads[index].textContent.trim(), data: rows.map(row => Number(row.cells[index].dataset.value)) })),
  };
}

function chartOptions(kind, series) {
  const text = variable('--quiet'), line = variable('--line'), round = kind === 'doughnut';
  const options = {
    responsive: true, maintainAspectRatio: false, animation: false,
    plugins: { legend: { display: round || series.length > 1, position: round ? 'right' : 'bottom', labels: { color: text, boxWidth: 14 } } },
    interaction: { mode: 'index', intersect: false },
  };
  if (!round)
    options.scales = {
      x: { stacked: kind === 'stacked', ticks: { color: text, maxRotation: 45, autoSkip: true }, grid: { display: false } },
      y: { stacked: kind === 'stacked', beginAtZero: true, ticks: { color: text, precision: 0 }, grid: { color: line } },
    };
  if (kind === 'bars')
    Object.assign(options, { indexAxis: 'y' });
  return options;
}

function drawChart(figure) {
  const table = document.getElementById(figure.dataset.table);
  if (!table || !table.tBodies || !table.tBodies[0].rows.length) return;
  const kind = figure.dataset.chart, { labels, series } = readTable(table, (figure.dataset.columns || '').split(',').filter(Boolean));
  if (!series.length) return;
  figure.hidden = false;
  const colour = index => variable(`--series-${index % 8 + 1}`);
  const datasets = (kind === 'doughnut' ? series.slice(0, 1) : series).map((one, index) => ({
    label: one.label, data: one.data, borderWidth: kind === 'line' ? 2 : 0, tension: 0.2, pointRadius: labels.length > 45 ? 0 : 2,
    borderColor: kind === 'doughnut' ? variable('--surface') : colour(index),
    backgroundColor: kind === 'doughnut' ? labels.map((label, place) => colour(place)) : colour(index),
  }));
  const type = { line: 'line', doughnut: 'doughnut' }[kind] || 'bar';
  charts.push(new Chart(figure.querySelector('canvas'), { type, data: { labels, datasets }, options: chartOptions(kind, series) }));
}

function drawCharts() {
  while (charts.length) charts.pop().destroy();
  if (typeof Chart !== 'undefined') document.querySelectorAll('figure[data-chart]').forEach(drawChart);
}

/* --- parts that renew themselves --- */

function renewEvery(part) {
  const seconds = Number(part.dataset.renew);
  const label = document.createElement('label'), box = document.createElement('input');
  label.className = 'choice';
  box.type = 'checkbox';
  label.append(box, ` renew every ${seconds} seconds`);
  part.before(label);
  const renew = async () => {
    if (!box.checked || document.hidden || part.contains(document.activeElement)) return;
    const answer = await fetch(location.href, { credentials: 'same-origin' }).catch(() => null);
    if (!answer || !answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(part.id);
    if (!fresh) return;
    part.replaceChildren(...fresh.childNodes);
    dress(part);
  };
  setInterval(renew, seconds * 1000);
}

function dress(root) {
  showLocalTimes(root);
  root.querySelectorAll('.scroll > table').forEach(table => { makeSortable(table); makeNarrowable(table); });
}

dress(document);
drawCharts();
document.querySelectorAll('[data-renew]').forEach(renewEvery);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawCharts);
