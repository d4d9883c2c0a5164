package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/chromedp/chromedp"
)

// theme is the browser's colour scheme.
type theme struct {
	name   string
	suffix string // of the files
	blink  string // Blink's number for it
}

var (
	light = theme{"light", "", "1"}
	dark  = theme{"dark", "-dark", "0"}
)

// session takes the pictures of one theme.
func session(ctx context.Context, address string, look theme, dir string) error {
	browser, err := find()
	if err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "busker-shots-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(profile) }()
	ctx, cancel := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("blink-settings", "preferredColorScheme="+look.blink), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("lang", "en-US"))...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	t := &tab{ctx: ctx, dir: dir, look: look}
	if err := t.do(chromedp.Navigate(address)); err != nil {
		return fmt.Errorf("open the page: %w", err)
	}
	for _, act := range acts {
		if err := act(t); err != nil {
			return err
		}
	}
	return nil
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no chromium on this machine, which takes the pictures")
}

// tab is the browser on the page.
type tab struct {
	ctx  context.Context //nolint:containedctx // a chromedp context is the tab
	dir  string
	look theme
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) error { return chromedp.Do(t.ctx, steps...) }

// size sets the window's size, and how many pixels a point has.
func (t *tab) size(width, height int64, scale float64) error {
	return t.do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)))
}

// ask sends a command as the page does, whether or not it is on the page's list,
// and reports whether the bot has it.
func (t *tab) ask(command string, args map[string]any) (bool, error) {
	raw, err := json.Marshal(map[string]any{"name": command, "args": args})
	if err != nil {
		return false, err
	}
	wrong, err := chromedp.Run(t.ctx, chromedp.Evaluate[string](`busker.act("command", `+string(raw)+`)`, chromedp.EvalAwaitPromise))
	if err != nil || wrong == "" {
		return err == nil, err
	}
	log.Printf("left out: /%s: %s", command, wrong)
	return false, nil
}

// wait waits until a condition in JavaScript holds, or gives up and says so.
func (t *tab) wait(what, condition string) error {
	script := fmt.Sprintf(`new Promise((done) => {
		const until = performance.now() + 15000;
		const look = () => { let ok = false; try { ok = !!(%s); } catch {} ok || performance.now() > until ? done(ok) : setTimeout(look, 50); };
		look();
	})`, condition)
	ok, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
	if err == nil && !ok {
		err = fmt.Errorf("%s did not come", what)
	}
	return err
}

// script runs JavaScript.
func (t *tab) script(js string) error {
	_, err := chromedp.Run(t.ctx, chromedp.Evaluate[chromedp.Void](js, chromedp.EvalAwaitPromise))
	return err
}

// page takes the whole window.
func (t *tab) page(name string) error {
	raw, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return fmt.Errorf("picture %s: %w", name, err)
	}
	return t.save(name, raw)
}

// element takes the element with the id shot, which mark gives to one.
func (t *tab) element(name, mark string) error {
	if err := t.script(`(() => { document.getElementById("shot")?.removeAttribute("id"); const e = ` + mark + `; e.id = "shot"; e.scrollIntoView({ block: "center" }); })()`); err != nil {
		return fmt.Errorf("picture %s: %w", name, err)
	}
	raw, err := chromedp.Run(t.ctx, chromedp.Screenshot(chromedp.CSS("#shot")))
	if err != nil {
		return fmt.Errorf("picture %s: %w", name, err)
	}
	return t.save(name, raw)
}

// save packs the picture as small as PNG can and writes it.
func (t *tab) save(name string, raw []byte) error {
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, picture); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(t.dir, name+t.look.suffix+".png"), out.Bytes(), 0o644) //nolint:gosec // for everybody
}
