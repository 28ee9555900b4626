package browser_test

import (
	"context"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch returns what returns the warnings and errors that the browser told of the tab's pages since it was asked last. What
// says that an answer had a status of 400 or more is left out.
func (b *tab) watch() func() []string {
	b.Helper()
	var mu sync.Mutex
	var lines []string
	add := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, line)
	}
	if err := chromedp.Listen(b.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *cdplog.EventEntryAdded:
			if ev.Entry.Source != "network" && (ev.Entry.Level == "error" || ev.Entry.Level == "warning") {
				add(ev.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			add(ev.ExceptionDetails.Text)
		}
	}); err != nil {
		b.Fatal(err)
	}
	b.do("log", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
		return err
	}))
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		told := lines
		lines = nil
		return told
	}
}
