package demo_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium finds a browser, or skips the test saying so.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium on this machine: the demo page is not driven")
	return ""
}

// browser is one tab.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // a chromedp context is the tab
}

// openBrowser starts a browser on the page.
func openBrowser(t *testing.T, address string, flags ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(options, flags...)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("open the page: %v", err)
	}
	return b
}

// value evaluates JavaScript, awaiting promises.
func value[T any](b *browser, script string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

// wait asks the page until a condition in JavaScript holds; the page itself checks
// on every frame it draws.
func (b *browser) wait(what, condition string) {
	b.t.Helper()
	script := fmt.Sprintf(`new Promise((done) => {
		const until = performance.now() + 8000;
		const look = () => { let ok = false; try { ok = !!(%s); } catch {} ok || performance.now() > until ? done(ok) : setTimeout(look, 30); };
		look();
	})`, condition)
	for range 4 {
		ok, err := value[bool](b, script)
		if err != nil {
			b.t.Fatalf("wait for %s: %v", what, err)
		}
		if ok {
			return
		}
	}
	text, _ := value[string](b, `document.body.innerText`)
	b.t.Fatalf("%s did not come; the page says:\n%s", what, text)
}

// click presses an element. One that the page has just made anew is looked for again.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.until("a click on "+selector, func() bool {
		err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector)))
		if err != nil && !strings.Contains(err.Error(), "Could not find node") {
			b.t.Fatalf("click %s: %v", selector, err)
		}
		return err == nil
	})
}

// choose takes an option of the newest menu of that custom id; the menu may be one
// of a form, which has none.
func (b *browser) choose(custom, value string) {
	b.t.Helper()
	b.change(fmt.Sprintf(`[...document.querySelectorAll('select[data-custom=%q]')].at(-1)`, custom), fmt.Sprintf("o.value === %q", value))
}

// pick takes the option of a menu that begins with a text.
func (b *browser) pick(selector, text string) {
	b.t.Helper()
	b.change(fmt.Sprintf("document.querySelector(%q)", selector), fmt.Sprintf("o.text.startsWith(%q)", text))
}

func (b *browser) change(menu, option string) {
	b.t.Helper()
	script := fmt.Sprintf(`(() => { const s = %s; s.value = [...s.options].find((o) => %s).value; s.dispatchEvent(new Event("change")); })()`, menu, option)
	if _, err := value[chromedp.Void](b, script); err != nil {
		b.t.Fatalf("choose from %s: %v", menu, err)
	}
}

// until waits for something outside of the page.
func (b *browser) until(what string, holds func() bool) {
	b.t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			b.t.Fatalf("%s did not come", what)
		}
	}
}

// keys types into whatever has the focus, one key after another.
func (b *browser) keys(text string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(text)); err != nil {
		b.t.Fatalf("type %q: %v", text, err)
	}
}

const (
	// loud holds while the page's own AnalyserNode hears something.
	loud = `Math.max(...busker.ears.levels()) > -50`
	// silent holds when it hears nothing.
	silent = `Math.max(...busker.ears.levels()) < -80`
)

func says(words string) string {
	return fmt.Sprintf(`document.getElementById("messages").innerText.includes(%q)`, words)
}

func pressable(label string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".press:not(:disabled)")].some((b) => b.innerText.includes(%q))`, label)
}

// The walk of a newcomer: suggested song, sound, queue by keyboard, skip and stop
// by button.
func TestThePageInABrowser(t *testing.T) {
	chromium(t)
	d := start(t)
	b := openBrowser(t, d.address)
	b.wait("the album", `document.querySelectorAll(".song").length === 4 && document.body.dataset.commands > 10`)

	b.click(".song")
	b.wait("the bot in the channel", `document.querySelector("#voice-channels").innerText.includes("Busker")`)
	b.wait("the card", says("Cobblestone Waltz"))
	b.wait("sound", loud)
	b.wait("the speaking ring", `document.querySelector(".member.speaking")`)
	b.wait("the privacy code", `!document.getElementById("seal").hidden && /^\d{5}( \d{5}){5}$/.test(document.getElementById("privacy").textContent)`)
	b.wait("the figures", `Number(document.getElementById("stat-packets").textContent) > 20`)

	b.click("#prompt")
	b.keys("/pl")
	b.wait("the offer", `document.querySelector("#offers [aria-selected=true]").innerText.startsWith("/play")`)
	b.keys("\t")
	b.wait("the option", `document.activeElement.name === "query"`)
	b.keys("pocket arcade\r")
	b.wait("the second song", says("Pocket Arcade"))

	b.wait("the skip button", pressable("Skip"))
	b.press("Skip")
	b.wait("the next card", `[...document.querySelectorAll(".card")].at(-1).innerText.includes("Pocket Arcade")`)
	b.wait("sound of the next song", loud)

	b.wait("the stop button", pressable("Stop"))
	b.press("Stop")
	b.wait("silence", silent)
	b.wait("the end of the card", says("ended"))

	b.click("#prompt")
	b.keys("/play no such song\r")
	b.wait("the private answer", `document.querySelector(".message.private .only").innerText.includes("Only you can see this")`)
	b.click("[data-channel]")
	b.wait("us out of the channel", `document.querySelector("#listen").getAttribute("aria-pressed") === "false"`)
	if problems, err := value[string](b, `document.getElementById("problem").innerText`); err != nil || problems != "" {
		t.Errorf("the page complains: %q, %v", problems, err)
	}
}

// press clicks the newest card's button of that label.
func (b *browser) press(label string) {
	b.t.Helper()
	script := fmt.Sprintf(`[...document.querySelectorAll(".press")].filter((b) => b.innerText.includes(%q)).at(-1).click()`, label)
	if _, err := value[chromedp.Void](b, script); err != nil {
		b.t.Fatalf("press %s: %v", label, err)
	}
}

// Foreign text stays text, and the page fits a phone.
func TestThePageIsSafeAndNarrow(t *testing.T) {
	chromium(t)
	d := start(t)
	b := openBrowser(t, d.address)
	b.wait("the page", `document.body.dataset.commands > 10`)
	b.click("#prompt")
	b.keys(`<img src=x onerror="document.title='broken'"> **bold** [x](javascript:alert(1)) https://example.com` + "\r")
	b.wait("the message", `document.querySelector(".message strong")?.innerText === "bold"`)
	got, err := value[string](b, `(() => { const m = document.querySelector(".message .body");
		return [m.querySelectorAll("img, script").length, [...m.querySelectorAll("a")].map((a) => a.href).join(), document.title].join(" "); })()`)
	if err != nil || got != "0 https://example.com/ Busker Street" {
		t.Errorf("rendered %q, %v", got, err)
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(360, 700)); err != nil {
		t.Fatal(err)
	}
	wide, err := value[string](b, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 361 && getComputedStyle(e).position !== "absolute").map((e) => e.className || e.tagName).join()`)
	if err != nil || wide != "" {
		t.Errorf("wider than a phone: %s, %v", wide, err)
	}
	high, err := value[string](b, `[document.documentElement, ...document.querySelectorAll(".app, .chat")].filter((e) => e.scrollHeight > e.clientHeight + 1).map((e) => e.className || e.tagName).join()`)
	if err != nil || high != "" {
		t.Errorf("higher than the window: %s, %v", high, err)
	}
	if !strings.HasPrefix(d.address, "http://127.0.0.1:") {
		t.Errorf("served at %s", d.address)
	}
}
