package browser_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const patience = 30 * time.Second // of one step, on a machine that does other things as well

// chromium is the browser that all tests share. Each test has tabs in contexts of its own, with cookies of their own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	err  error
	end  []func()
}

// findChromium returns where the browser is, or skips the test, which fails where it is required.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("COUNTERSIGN_TEST_REQUIRED") != "" {
		t.Fatal("there is no Chromium, and COUNTERSIGN_TEST_REQUIRED is set")
	}
	t.Skip("there is no Chromium: apt-get install chromium")
	return ""
}

func startChromium(path string) {
	dir, err := os.MkdirTemp("", "countersign-browser")
	if err != nil {
		chromium.err = err
		return
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(dir),
		chromedp.Flag("headless", "new"), chromedp.Flag("no-sandbox", os.Geteuid() == 0), // which root cannot have
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"),
	)
	ctx, cancel := chromedp.NewContext(allocator)
	chromium.ctx, chromium.err = ctx, chromedp.Do(ctx)
	chromium.end = []func(){func() { _ = chromedp.Cancel(ctx) }, cancel, stop, func() { _ = os.RemoveAll(dir) }}
}

// A tab is one page of somebody who shares cookies with nobody.
type tab struct {
	*testing.T
	ctx  context.Context
	base string
}

// newTab opens a tab of a window with the width that shows pages of base.
func newTab(t *testing.T, base string, width int64) *tab {
	t.Helper()
	path := findChromium(t)
	chromium.once.Do(func() { startChromium(path) })
	if chromium.err != nil {
		t.Fatalf("%s: %v", path, chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil { // without the patience of a step, which would be that of the tab
		t.Fatal(err)
	}
	b.do("resize", chromedp.EmulateViewport(width, 800))
	return b
}

// run has the tab do one thing and fails the test if it cannot.
func run[T any](b *tab, what string, a chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
	return v
}

func (b *tab) do(what string, a chromedp.Action[chromedp.Void]) {
	b.Helper()
	run(b, what, a)
}

// eval returns what a piece of script says about the page. It works where the page's own scripts are off.
func eval[T any](b *tab, script string) T {
	b.Helper()
	return run(b, script, chromedp.Evaluate[T](script))
}

// until waits until happened, which is asked again and again, says so.
func (b *tab) until(what string, happened func() bool) {
	b.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%s: not so in %v: %s", b.where(), patience, what)
		}
	}
}

// await waits until a piece of script says true. Unlike chromedp.Poll it needs no scripts in the page.
func (b *tab) await(script string) {
	b.Helper()
	b.until(script, func() bool { return eval[bool](b, script) })
}

// leave has the tab do what leads to another page, waits for that and returns its status.
func (b *tab) leave(what string, a chromedp.Action[chromedp.Void]) int64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, a)
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
	return status(resp)
}

func status(resp *network.Response) int64 {
	if resp == nil {
		return 0
	}
	return resp.Status
}

func (b *tab) open(path string) int64 {
	b.Helper()
	return b.leave(path, chromedp.Navigate(b.base+path))
}

// press clicks what leads to another page.
func (b *tab) press(selector string) int64 {
	b.Helper()
	return b.leave(selector, chromedp.Click(chromedp.CSS(selector)))
}

// click clicks what changes the page.
func (b *tab) click(selector string) {
	b.Helper()
	b.do(selector, chromedp.Click(chromedp.CSS(selector)))
}

// fill puts text into a field.
func (b *tab) fill(selector, text string) {
	b.Helper()
	b.do(selector, chromedp.SetValue(chromedp.CSS(selector), text))
}

// want fails the test unless the page shows text.
func (b *tab) want(text string) {
	b.Helper()
	if shown := eval[string](b, `document.body.innerText`); !strings.Contains(shown, text) {
		b.Fatalf("%s shows no %q:\n%s", b.where(), text, shown)
	}
}

// where returns the path that the tab is at.
func (b *tab) where() string {
	b.Helper()
	u, err := url.Parse(run(b, "location", chromedp.Location()))
	if err != nil {
		b.Fatal(err)
	}
	return u.RequestURI()
}

// scripts switches the scripts of pages on or off.
func (b *tab) scripts(on bool) {
	b.Helper()
	b.do("scripts", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// scheme makes the tab prefer light or dark colours.
func (b *tab) scheme(name string) {
	b.Helper()
	b.emulate(name, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: name}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
}

// emulate has media queries find features.
func (b *tab) emulate(what string, features ...*emulation.MediaFeature) {
	b.Helper()
	b.do(what, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}
