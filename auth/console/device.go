package console

import "strings"

// deviceOf says in plain words what sent a User-Agent: the browser, and the system it runs on. It looks for what the
// common browsers write and guesses nothing: of what it does not know it returns the text as it came.
func deviceOf(userAgent string) string {
	browser, system := firstIn(userAgent, browsers), firstIn(userAgent, systems)
	if browser == "" && strings.Contains(userAgent, "Version/") && strings.Contains(userAgent, " Safari/") {
		browser = "Safari" // which is all that is left of those that claim to be it
	}
	switch {
	case strings.TrimSpace(userAgent) == "":
		return "Unknown device"
	case browser == "":
		return userAgent
	case system == "":
		return browser
	}
	return browser + " on " + system
}

// A product is a word that a User-Agent holds, and what it stands for.
type product struct{ word, name string }

// The order matters: most browsers also claim to be those that are further down.
var (
	browsers = []product{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"},
		{"OPR/", "Opera"}, {"OPT/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Vivaldi/", "Vivaldi"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"HeadlessChrome/", "Chrome (headless)"}, {"Chrome/", "Chrome"},
		{"curl/", "curl"}, {"Wget/", "Wget"}, {"Go-http-client/", "A Go program"},
		{"python-requests/", "A Python program"},
	}
	systems = []product{
		{"iPhone", "iPhone"}, {"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows NT", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Macintosh", "macOS"}, {"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	}
)

// firstIn returns the name of the first product that text holds.
func firstIn(text string, products []product) string {
	for _, p := range products {
		if strings.Contains(text, p.word) {
			return p.name
		}
	}
	return ""
}
