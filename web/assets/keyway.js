// Makes pages nicer that work without it: fresh numbers, search in a list, copying, older rows on
// the same page, parts that take longer. Talks to this server alone.
'use strict'

async function fragment(address) {
  const answer = await fetch(address, { redirect: 'error' })
  if (!answer.ok) throw new Error(`${answer.status}`)
  return new DOMParser().parseFromString(await answer.text(), 'text/html').body
}

/** Puts a part in the place of what an element holds; what was opened stays open, the focus stays where it is. */
function place(element, body) {
  const opened = [...element.querySelectorAll('details[open][id]')].map((details) => details.id)
  const focused = element.contains(document.activeElement) ? document.activeElement.closest('[id]')?.id : undefined
  element.replaceChildren(...body.childNodes)
  opened.forEach((id) => document.getElementById(id)?.setAttribute('open', ''))
  if (focused) (document.querySelector(`#${focused} > summary`) ?? document.getElementById(focused))?.focus()
  ready(element)
}

/** Numbers that are asked for again, until somebody says stop. */
function live(element) {
  const button = document.querySelector('[data-pause]')
  let paused = false
  button?.removeAttribute('hidden')
  button?.addEventListener('click', () => {
    paused = !paused
    button.setAttribute('aria-pressed', String(paused))
    button.textContent = paused ? 'Go on' : 'Pause'
  })
  const every = Number(element.dataset.every ?? 5000)
  const again = async () => {
    if (!paused && !document.hidden) {
      try {
        place(element, await fragment(element.dataset.live))
      } catch {
        // Signed out, or the server restarts: the page stays as it is, and the next time may work.
      }
    }
    // What was waited for came: there is nothing more to ask.
    if (!element.querySelector('[data-settled]')) setTimeout(again, every)
  }
  setTimeout(again, every)
}

/** A part of a page that takes longer than the rest. */
async function load(element) {
  try {
    place(element, await fragment(element.dataset.part))
  } catch {
    element.textContent = 'It could not be loaded. Open the page again to try once more.'
  }
}

/** Hides the rows that do not hold what is typed, and groups that have none left. */
function filter(input) {
  input.closest('[hidden]')?.removeAttribute('hidden')
  const rows = [...document.querySelectorAll(input.dataset.filter)].map((row) => ({ row, text: row.textContent.toLowerCase() }))
  const told = document.getElementById(input.dataset.told)
  input.addEventListener('keydown', (event) => event.key === 'Enter' && event.preventDefault())
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/)
    rows.forEach(({ row, text }) => { row.hidden = !words.every((word) => text.includes(word)) })
    document.querySelectorAll('[data-group]').forEach((group) => {
      group.hidden = !group.querySelector('[data-words]:not([hidden])')
      if (input.value) group.open = true
    })
    if (told) told.textContent = `${rows.filter(({ row }) => !row.hidden).length} shown`
  })
}

/** How many boxes are ticked. */
function count(element) {
  const form = element.closest('form')
  const tell = () => { element.textContent = String(form.querySelectorAll('input[name=scope]:checked').length) }
  form.addEventListener('change', tell)
  tell()
}

/** One box ticks all boxes of a form. */
function all(box) {
  box.hidden = false
  const boxes = [...document.querySelectorAll(`[type=checkbox][form=${box.dataset.all}]`)]
  const tell = () => {
    const ticked = boxes.filter((one) => one.checked).length
    box.checked = ticked > 0 && ticked === boxes.length
    box.indeterminate = ticked > 0 && !box.checked
  }
  box.addEventListener('change', () => boxes.forEach((one) => { one.checked = box.checked }))
  boxes.forEach((one) => one.addEventListener('change', tell))
  tell()
}

/** What the ticked scopes open together, asked for a moment after the last tick. */
function effect(element) {
  const form = element.closest('form')
  let waiting
  let newest = 0
  const tell = () => {
    clearTimeout(waiting)
    // Answers may arrive in another order than their questions: only that to the newest question counts.
    const question = ++newest
    waiting = setTimeout(async () => {
      const chosen = new URLSearchParams([...form.querySelectorAll('input[name=scope]:checked')].map((box) => ['scope', box.value]))
      const answer = await fragment(`/apps/scopes/effect?${chosen}`).catch(() => undefined)
      if (question !== newest) return
      if (answer) place(element, answer)
      else element.textContent = ''
    }, 250)
  }
  form.addEventListener('change', tell)
  tell()
}

function copy(button) {
  button.hidden = false
  const label = button.textContent
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy) ?? button.previousElementSibling
    try {
      await navigator.clipboard.writeText(source.textContent.trim())
      button.textContent = 'Copied'
    } catch {
      getSelection().selectAllChildren(source)
      button.textContent = 'Selected: press Ctrl+C'
    }
    setTimeout(() => { button.textContent = label }, 3000)
  })
}

/** The link to older rows brings them onto this page. */
function more(link) {
  link.addEventListener('click', async (event) => {
    event.preventDefault()
    const rows = document.getElementById(link.dataset.more)
    try {
      const answer = await fetch(link.href, { redirect: 'error' })
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const older = [...page.getElementById(link.dataset.more).children]
      rows.append(...older)
      const next = page.querySelector(`[data-more="${link.dataset.more}"]`)
      if (next) link.href = next.href
      else link.remove()
      older[0]?.querySelector('a')?.focus()
    } catch {
      location.assign(link.href)
    }
  })
}

/** A file that is chosen or dropped becomes the text of a form. */
function file(input) {
  const text = document.getElementById(input.dataset.file)
  input.closest('[hidden]')?.removeAttribute('hidden')
  const take = async (chosen) => { if (chosen) text.value = await chosen.text() }
  input.addEventListener('change', () => take(input.files[0]))
  const area = input.closest('[data-drop]')
  area?.addEventListener('dragover', (event) => event.preventDefault())
  area?.addEventListener('drop', (event) => { event.preventDefault(); take(event.dataTransfer.files[0]) })
}

/** Menus that are chosen from with a pointer filter at once; with the keyboard the button does. */
function choose(form) {
  let pointed = false
  form.addEventListener('pointerdown', () => { pointed = true })
  form.addEventListener('keydown', () => { pointed = false })
  form.querySelectorAll('select').forEach((menu) => menu.addEventListener('change', () => pointed && form.requestSubmit()))
}

/** A form whose answer is shown beside it, so that what was typed stays in this page and goes nowhere else. */
function answer(form) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const place_ = document.getElementById(form.dataset.answer)
    form.setAttribute('aria-busy', 'true')
    try {
      const sent = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'error' })
      const page = new DOMParser().parseFromString(await sent.text(), 'text/html')
      const said = page.getElementById(form.dataset.answer)
      if (!said) throw new Error(`${sent.status}`)
      place(place_, said)
      place_.scrollIntoView({ block: 'nearest' })
    } catch {
      form.submit()
    }
    form.removeAttribute('aria-busy')
  })
}

/** A moment of UTC in the time zone of this browser. */
function local(iso, form) {
  const of = { second: { timeStyle: 'medium' }, clock: { timeStyle: 'short' }, hour: { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } }
  return new Intl.DateTimeFormat(undefined, of[form]).format(new Date(iso))
}

/** Times are shown as they are here, with UTC on hover. */
function times(root) {
  root.querySelectorAll('[data-local]').forEach((time) => {
    time.title = `${time.dateTime.slice(0, 16).replace('T', ' ')} UTC`
    time.textContent = local(time.dateTime, time.dataset.local)
  })
  root.querySelectorAll('[data-span]').forEach((title) => {
    if (title.dataset.form) title.textContent = `${local(title.dataset.span, title.dataset.form)} (${title.textContent.replace(' UTC: ', ' UTC): ')}`
  })
  const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' }).formatToParts(new Date()).find((part) => part.type === 'timeZoneName')?.value
  root.querySelectorAll('[data-zone]').forEach((element) => { element.textContent = zone ? `(${zone})` : '' })
}

/** A choice that is sent at once. */
function send(select) {
  const button = select.form.querySelector('button[type=submit]')
  if (button) button.hidden = true
  select.addEventListener('change', () => select.form.requestSubmit())
}

function ready(root) {
  const each = (name, act) => root.querySelectorAll(`[data-${name}]`).forEach(act)
  each('part', load)
  each('filter', filter)
  each('count', count)
  each('all', all)
  // What the script does by itself.
  each('plain', (button) => { button.hidden = true })
  each('effect', effect)
  each('copy', copy)
  each('more', more)
  each('file', file)
  each('answer', answer)
  root.querySelectorAll('form[role=search]').forEach(choose)
  each('send', send)
  times(root)
  // A part that is opened is loaded then.
  root.querySelectorAll('[data-open], .scopes th details').forEach((details) => details.addEventListener('toggle', () => {
    const part = details.querySelector('[data-later], :scope > div:not([data-part])')
    if (!details.open || !part) return
    // Where it is not said, the part is below the page that the link in its place leads to.
    part.dataset.part = part.dataset.later || part.querySelector('a').getAttribute('href').replace('?', '/part?')
    delete part.dataset.later
    load(part)
  }))
}

document.addEventListener('keydown', (event) => {
  if (event.key !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
  const find = document.getElementById('find-here') ?? document.getElementById('find')
  if (!find) return
  event.preventDefault()
  // In a narrow window it is in the drawer; the page of it is not.
  if (find.checkVisibility()) { find.focus(); find.select() } else location.assign('/search')
})

ready(document)
document.querySelectorAll('[data-live]').forEach(live)
