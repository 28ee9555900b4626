package browser_test

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the screenshots")

// kept are the pages whose screenshots are in testdata.
var kept = map[string]bool{"keys": true, "key": true, "new-key-mistakes": true, "created-key": true, "sessions": true}

func TestScreenshots(t *testing.T) {
	q := startQuickstart(t)
	for _, width := range []int64{1280, 360} {
		o := newTour(t, q, width)
		for _, scheme := range []string{"light", "dark"} {
			o.scheme(scheme)
			o.each(func(b *tab, name string) {
				if !kept[name] {
					return
				}
				shot := run(b, name, chromedp.FullScreenshot(100))
				config, err := png.DecodeConfig(bytes.NewReader(shot))
				if err != nil || int64(config.Width) != width {
					t.Errorf("%s: %d pixels wide, want %d, %v", name, config.Width, width, err)
				}
				if *update {
					path := filepath.Join("..", "testdata", fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
					if err := os.WriteFile(path, shot, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}
