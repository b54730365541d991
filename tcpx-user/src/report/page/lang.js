// The language of the page. Texts stand in the code in English; a page in another language brings what each of them is there
// (report/page/texts.rs). What a kernel says and what other programs read is the same in every language.

const TEXTS = new Map(Object.entries(JSON.parse(byId("texts")?.textContent || "{}")));

// A text of this code, with values in its places {a}, {b} and so on.
function say(english, ...values) {
  const text = translated(english);
  return values.length ? text.replace(/\{([a-f])\}/g, (place, name) => values["abcdef".indexOf(name)] ?? place) : text;
}

// A word or a sentence of a line. One that the page has no other text for stays as it is.
function translated(text) {
  return TEXTS.get(text) ?? text;
}

// What a frame says happened, without how that is known.
function noteOf(frame) {
  return translated(withoutHow(frame.note || ""));
}

// How many columns a text takes where Latin letters have one and Chinese characters two.
function columns(text) {
  return [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) >= 0x2e80 ? 2 : 1), 0);
}

// Cut to so many columns.
function short(text, most) {
  if (columns(text) <= most) return text;
  let kept = "";
  for (const sign of text) {
    if (columns(kept + sign) > most - 1) break;
    kept += sign;
  }
  return `${kept}…`;
}
