package browser_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A visitor is logged in without a browser.
type visitor struct {
	*testing.T
	http.Client
	base string
}

func (q quickstart) visit(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{T: t, Client: http.Client{Jar: jar, Timeout: patience}, base: q.url}
	v.send("/login", url.Values{"email": {email}, "password": {password}})
	return v
}

// send sends a form, or asks for a page where there is none, and returns the page and its status.
func (v *visitor) send(path string, form url.Values) (string, int) {
	v.Helper()
	do := func() (*http.Response, error) { return v.Get(v.base + path) }
	if form != nil {
		do = func() (*http.Response, error) { return v.PostForm(v.base+path, form) }
	}
	resp, err := do()
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return string(body), resp.StatusCode
}

// The HTML of each page is what the standard asks for, and what people who do not see it need.
func TestHTML(t *testing.T) {
	v := startQuickstart(t).visit(t)
	newKey, _ := v.send("/console/keys/new", nil)
	seen := attribute(find(parse(t, newKey), func(n *html.Node) bool { return attribute(n, "name") == "seen" })[0], "value")
	form := url.Values{"title": {"<b> & \"q\""}, "kind": {"publishable"}, "expiry": {"30"}, "seen": {seen}}
	created, _ := v.send("/console/keys", form)
	key := attribute(find(parse(t, created), func(n *html.Node) bool {
		return n.Data == "a" && attribute(n, "class") == "button primary"
	})[0], "href")
	tests := []struct {
		name   string
		path   string
		form   url.Values
		status int
	}{
		{"keys", "/console/keys", nil, 200},
		{"a search", "/console/keys?q=quick", nil, 200},
		{"a search that finds nothing", "/console/keys?q=nothing", nil, 200},
		{"a search that is too long", "/console/keys?q=" + strings.Repeat("x", 201), nil, 400},
		{"a new key", "/console/keys/new", nil, 200},
		{"mistakes", "/console/keys", url.Values{"expiry": {"date"}}, 422},
		{"again", "/console/keys", form, 409},
		{"a key", key, nil, 200},
		{"a mistake at a key", key + "/rename", url.Values{}, 422},
		{"disabled", key + "/disable", url.Values{}, 200},
		{"enabled", key + "/enable", url.Values{}, 200},
		{"rotated", key + "/rotate", url.Values{"overlap": {"3600"}}, 201},
		{"revoked later", key, nil, 200},
		{"revoked", key + "/revoke", url.Values{"when": {"0"}, "reason": {"</dd><h1>"}}, 200},
		{"sessions", "/console/sessions", nil, 200},
		{"no page", "/console/nothing", nil, 404},
		{"another method", "/console/sessions", url.Values{}, 405},
	}
	check := func(t *testing.T, page string) {
		balanced(t, page)
		for _, rule := range rules {
			for _, n := range find(parse(t, page), rule.broken) {
				t.Errorf("%s: %s", rule.name, outer(n))
			}
		}
	}
	t.Run("created", func(t *testing.T) { check(t, created) })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v.T = t
			page, status := v.send(tt.path, tt.form)
			expect(t, "status", status, tt.status)
			check(t, page)
		})
	}
}

// A rule names what must not be, and finds the nodes that break it.
type rule struct {
	name   string
	broken func(*html.Node) bool
}

var rules = []rule{
	{"no doctype", func(n *html.Node) bool { return n.Type == html.DocumentNode && n.FirstChild.Type != html.DoctypeNode }},
	{"no language", func(n *html.Node) bool { return n.Data == "html" && attribute(n, "lang") != "en" }},
	{"not one h1, main, title and header", func(n *html.Node) bool {
		return n.Data == "html" && !(count(n, "h1") == 1 && count(n, "main") == 1 && count(n, "title") == 1 && count(n, "header") == 1)
	}},
	{"an h1 that is not in main", func(n *html.Node) bool { return n.Data == "h1" && !within(n, "main") }},
	{"an inline style", func(n *html.Node) bool { return n.Data == "style" || has(n, "style") }},
	{"an inline script", func(n *html.Node) bool {
		return n.Data == "script" && (attribute(n, "src") != "/console/console.js" || n.FirstChild != nil)
	}},
	{"a handler", func(n *html.Node) bool {
		return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return strings.HasPrefix(a.Key, "on") })
	}},
	{"something from elsewhere", func(n *html.Node) bool {
		link := attribute(n, "href") + attribute(n, "src") + attribute(n, "action")
		return link != "" && !strings.HasPrefix(link, "/console/") && !strings.HasPrefix(link, "#")
	}},
	{"an ID that is there twice, or empty", func(n *html.Node) bool {
		return has(n, "id") && len(find(root(n), func(m *html.Node) bool { return attribute(m, "id") == attribute(n, "id") })) != 1
	}},
	{"a reference to no ID", func(n *html.Node) bool {
		refs := attribute(n, "for") + " " + attribute(n, "aria-describedby") + " " + attribute(n, "aria-labelledby")
		if link, ok := strings.CutPrefix(attribute(n, "href"), "#"); ok {
			refs += " " + link
		}
		return slices.ContainsFunc(strings.Fields(refs), func(id string) bool { return byID(root(n), id) == nil })
	}},
	{"a field without a label", func(n *html.Node) bool {
		field := slices.Contains([]string{"input", "select", "textarea"}, n.Data) && attribute(n, "type") != "hidden"
		return field && len(find(root(n), func(l *html.Node) bool { return l.Data == "label" && attribute(l, "for") == attribute(n, "id") })) != 1
	}},
	{"a mistake that is not told at its field", func(n *html.Node) bool {
		return attribute(n, "aria-invalid") == "true" && !strings.Contains(attribute(n, "aria-describedby"), "-mistake")
	}},
	{"a fieldset without a legend", func(n *html.Node) bool { return n.Data == "fieldset" && count(n, "legend") != 1 }},
	{"a table without a caption", func(n *html.Node) bool { return n.Data == "table" && count(n, "caption") != 1 }},
	{"a table that is none where its rows are cards", func(n *html.Node) bool {
		role := map[string]string{"table": "table", "tr": "row", "td": "cell", "thead": "rowgroup", "tbody": "rowgroup"}[n.Data]
		return role != attribute(n, "role") && role != ""
	}},
	{"a header cell of nothing", func(n *html.Node) bool { return n.Data == "th" && !has(n, "scope") }},
	{"a cell without a label where its row is a card", func(n *html.Node) bool {
		return n.Data == "td" && attribute(n, "data-label") == "" && attribute(n, "class") != "do"
	}},
	{"a navigation without a name", func(n *html.Node) bool { return n.Data == "nav" && attribute(n, "aria-label") == "" }},
	{"a time that no machine reads", func(n *html.Node) bool { return n.Data == "time" && len(attribute(n, "datetime")) != 20 }},
	{"a form within a form", func(n *html.Node) bool { return n.Data == "form" && within(n.Parent, "form") }},
	{"a form that changes something by GET", func(n *html.Node) bool {
		return n.Data == "form" && attribute(n, "method") != "post" && attribute(n, "role") != "search"
	}},
	{"more than one focus", func(n *html.Node) bool {
		return n.Data == "html" && len(find(n, func(m *html.Node) bool { return has(m, "autofocus") })) > 1
	}},
}

// balanced fails the test unless each element that has an end is ended, in order: a parser would mend that.
func balanced(t *testing.T, page string) {
	t.Helper()
	void := []string{"meta", "link", "input"}
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		switch {
		case tok.Type == html.StartTagToken && !slices.Contains(void, tok.Data):
			open = append(open, tok.Data)
		case tok.Type == html.EndTagToken && (len(open) == 0 || open[len(open)-1] != tok.Data):
			t.Fatalf("</%s> within %v", tok.Data, open)
		case tok.Type == html.EndTagToken:
			open = open[:len(open)-1]
		}
	}
	if z.Err() != io.EOF || len(open) > 0 {
		t.Errorf("left open: %v, %v", open, z.Err())
	}
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// find returns n and what is in it, as far as match says so.
func find(n *html.Node, match func(*html.Node) bool) (found []*html.Node) {
	if match(n) {
		found = append(found, n)
	}
	for m := range n.Descendants() {
		if m.Type == html.ElementNode && match(m) {
			found = append(found, m)
		}
	}
	return found
}

func count(n *html.Node, name string) int {
	return len(find(n, func(m *html.Node) bool { return m.Data == name && m.Type == html.ElementNode }))
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func within(n *html.Node, name string) bool {
	for ; n != nil; n = n.Parent {
		if n.Data == name {
			return true
		}
	}
	return false
}

func root(n *html.Node) *html.Node {
	for n.Parent != nil {
		n = n.Parent
	}
	return n
}

func byID(n *html.Node, id string) *html.Node {
	return append(find(n, func(m *html.Node) bool { return attribute(m, "id") == id }), nil)[0]
}

func outer(n *html.Node) string {
	var b strings.Builder
	_ = html.Render(&b, n)
	return b.String()[:min(b.Len(), 300)]
}
