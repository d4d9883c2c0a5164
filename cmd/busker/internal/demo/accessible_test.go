package demo_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// nameless lists the controls nobody could name who does not see them.
const nameless = `[...document.querySelectorAll("button, select, input, textarea, summary, [role=menuitem]")]
	.filter((e) => e.checkVisibility())
	.filter((e) => !(e.getAttribute("aria-label") || e.innerText?.trim() || [...(e.labels || [])].some((l) => l.innerText.trim())))
	.map((e) => e.outerHTML.slice(0, 120)).join("\n")`

// faint lists texts whose contrast to what is behind them is below 4.5 to 1 (WCAG
// 2.2, 1.4.3), or 3 to 1 for large ones. Disabled controls are excepted there.
const faint = `(() => {
	const parse = (c) => {
		const n = c.match(/[\d.]+/g).map(Number);
		const rgb = c.startsWith("color(") ? n.slice(0, 3).map((x) => x * 255) : n.slice(0, 3);
		return [...rgb, n.length > 3 ? n[3] : 1];
	};
	const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const behind = (e) => {
		const own = parse(getComputedStyle(e).backgroundColor);
		return own[3] === 1 || !e.parentElement ? own : over(own, behind(e.parentElement));
	};
	const light = (c) => c.slice(0, 3).map((x) => x / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
		.reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
	const seen = new Set(), bad = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (seen.has(e) || !walk.currentNode.data.trim() || !e.checkVisibility({ opacityProperty: true }) || e.closest("script, style, noscript, :disabled, .skip")) continue;
		seen.add(e);
		const style = getComputedStyle(e), back = behind(e), ink = over(parse(style.color), back);
		const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
		const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < (large ? 3 : 4.5)) bad.push(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " " + walk.currentNode.data.trim().slice(0, 30));
	}
	return bad.join("\n");
})()`

// Everything has a name, can be read, and a form fits a phone, by day and by night.
func TestThePageIsForEverybody(t *testing.T) {
	for name, blink := range map[string]string{"light": "1", "dark": "0"} {
		t.Run(name, func(t *testing.T) {
			s := openStand(t, standCommands, standAnswers)
			b := openBrowser(t, s.Address, chromedp.Flag("blink-settings", "preferredColorScheme="+blink))
			b.wait("the commands", `document.body.dataset.commands === "3"`)
			check := func(where string) {
				t.Helper()
				for what, script := range map[string]string{"without a name": nameless, "too faint": faint} {
					if got, err := value[string](b, script); err != nil || got != "" {
						t.Errorf("%s, %s: %s %v", where, what, got, err)
					}
				}
			}
			b.click("#prompt")
			b.keys("/nothing\r")
			b.wait("a complaint", `!document.getElementById("problem").hidden`)
			check("a complaint")
			b.keys("\x1b/panel\r")
			b.wait("the panel", shows("Settings"))
			b.click("#prompt")
			b.keys("/")
			b.wait("the offers", `!document.getElementById("offers").hidden`)
			check("offers")
			b.keys("\x1b\x1b")
			b.click(".more")
			b.wait("the menu", `document.querySelector(".menu")`)
			check("a menu")
			b.keys("\x1b")
			b.click(`[data-custom="edit"]`)
			b.wait("the form", `document.querySelector("dialog[open]")`)
			if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(360, 640)); err != nil {
				t.Fatal(err)
			}
			check("a form")
			wide, err := value[string](b, `[...document.querySelectorAll("dialog, dialog *")].filter((e) => e.getBoundingClientRect().right > 361).map((e) => e.tagName + e.className).join()`)
			if err != nil || wide != "" {
				t.Errorf("a form wider than a phone: %s, %v", wide, err)
			}
			b.keys("\x1b")
			b.wait("the form closed, and the focus back", `!document.querySelector("dialog") && document.activeElement.dataset.custom === "edit"`)
		})
	}
}
