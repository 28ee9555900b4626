package console_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth/console"
)

var devices = []struct{ userAgent, want string }{
	{firefox, "Firefox on Linux"},
	{iphone, "Safari on iPhone"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36", "Chrome on Windows"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0", "Edge on Windows"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 OPR/121.0.0.0", "Opera on Windows"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", "Safari on macOS"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36", "Chrome on macOS"},
	{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36", "Chrome on Android"},
	{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android"},
	{"Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.0.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"},
	{"Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "Safari on iPad"},
	{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36", "Chrome on ChromeOS"},
	{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0 Safari/537.36", "Chrome (headless) on Linux"},
	{"curl/8.14.1", "curl"},
	{"Go-http-client/1.1", "A Go program"},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"},
	{"Lynx/2.9.2 libwww-FM/2.14", "Lynx/2.9.2 libwww-FM/2.14"},
	{"Linux", "Linux"},
	{"my own client", "my own client"},
	{"", "Unknown device"},
	{"  ", "Unknown device"},
}

func TestDevices(t *testing.T) {
	for _, tt := range devices {
		check(t, tt.userAgent, console.DeviceOf(tt.userAgent), tt.want)
	}
}

// Whatever a client says, the answer is one of our own words or what it said.
func FuzzDevices(f *testing.F) {
	for _, tt := range devices {
		f.Add(tt.userAgent)
	}
	f.Fuzz(func(t *testing.T, userAgent string) {
		got := console.DeviceOf(userAgent)
		known := len(got) < 40 && utf8.ValidString(got) && !strings.ContainsAny(got, "<>&\"/;\x00")
		if got != userAgent && !known || got == "" {
			t.Errorf("%q: got %q", userAgent, got)
		}
	})
}

func TestRelative(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]string{
		0:                            "just now",
		-59 * time.Second:            "just now",
		-time.Minute:                 "1 minute ago",
		-59 * time.Minute:            "59 minutes ago",
		-time.Hour:                   "1 hour ago",
		-47 * time.Hour:              "47 hours ago",
		-49 * time.Hour:              "2 days ago",
		-59 * 24 * time.Hour:         "59 days ago",
		-60 * 24 * time.Hour:         "31 Dec 2025",
		time.Second:                  "in less than a minute",
		61 * time.Second:             "in 1 minute",
		90 * time.Minute:             "in 1 hour",
		7*24*time.Hour - time.Second: "in 7 days",
		365 * 24 * time.Hour:         "1 Mar 2027",
	} {
		check(t, after.String(), console.Relative(now.Add(after), now), want)
	}
}
