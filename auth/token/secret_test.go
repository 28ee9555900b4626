package token_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/countersign-go/countersign/auth/token"
)

const hidden = "sk_t0p5ecret"

// A record has a secret in every place that a program may put one.
type record struct {
	Secret  token.Secret `xml:",attr"`
	Element token.Secret
	Pointer *token.Secret
	Any     any
}

// A keeper keeps one where fmt finds no methods.
type keeper struct{ secret token.Secret }

func TestSecretVerbs(t *testing.T) {
	s := token.NewSecret(hidden)
	values := map[string]any{
		"a secret":               s,
		"a pointer":              &s,
		"a struct":               record{s, s, &s, s},
		"a pointer to a struct":  &record{s, s, &s, &s},
		"a slice":                []token.Secret{s},
		"a slice of any":         []any{s, &s},
		"an array":               [1]token.Secret{s},
		"a map":                  map[string]token.Secret{"s": s},
		"an unexported field":    keeper{s},
		"a pointer to one":       &keeper{s},
		"a slice of those":       []keeper{{s}},
		"an error":               fmt.Errorf("bad: %v", s),
		"an error with a struct": fmt.Errorf("bad: %+v", record{Secret: s}),
		"joined errors":          errors.Join(fmt.Errorf("bad: %s", s), fmt.Errorf("bad: %#v", s)),
	}
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% X", "%d", "%t", "%c", "%U", "%e", "%g", "%o", "%b", "%T", "%p", "%w", "%z", "%!", "%10s", "%-5v|", "no verb"}
	for name, v := range values {
		for _, verb := range verbs {
			t.Run(name+"/"+verb, func(t *testing.T) {
				check(t, visible(fmt.Sprintf(verb, v)), false)
				check(t, visible(fmt.Errorf(verb, v).Error()), false)
			})
		}
	}
	for _, verb := range verbs[:10] {
		check(t, fmt.Sprintf(verb, s), "[redacted]")
	}
}

// visible reports whether a part of the secret can be seen in text, in a form that verbs give it.
func visible(text string) bool {
	forms := []string{hidden[3:9], fmt.Sprintf("%x", hidden)[6:12], fmt.Sprintf("%X", hidden)[6:12], fmt.Sprintf("% X", hidden)[9:17], fmt.Sprint([]byte(hidden))[4:14]}
	for _, form := range forms {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestSecretEncodings(t *testing.T) {
	s := token.NewSecret(hidden)
	r := record{s, s, &s, s}
	logged := func(h func(*bytes.Buffer) slog.Handler) string {
		var b bytes.Buffer
		log := slog.New(h(&b)).With("with", s).WithGroup("g").With("grouped", &s)
		log.Error("message", "secret", s, "pointer", &s, "struct", r, "slice", []token.Secret{s}, "map", map[string]any{"s": s}, slog.Group("in", "s", s), "keeper", keeper{s})
		return b.String()
	}
	executed := func(execute func(*bytes.Buffer) error) string {
		var b bytes.Buffer
		return fmt.Sprint(execute(&b), b.String())
	}
	const page = `{{.}} {{.Secret}} {{.Pointer}} {{printf "%s %v %q" .Secret .Secret .Secret}} {{print .Secret}} <a href="?{{.Secret}}" onclick="f({{.Secret}})">`
	tests := []struct{ name, text string }{
		{"slog text", logged(func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) })},
		{"slog JSON", logged(func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) })},
		{"log", executed(func(b *bytes.Buffer) error { log.New(b, "", 0).Println(s, &s, r); return nil })},
		{"JSON", string(must(json.Marshal([]any{s, &s, r, &r, map[string]any{"s": s}, keeper{s}})))},
		{"XML", string(must(xml.Marshal(record{s, s, &s, nil})))},
		{"gob", executed(func(b *bytes.Buffer) error { return gob.NewEncoder(b).Encode(s) })},
		{"gob in a struct", executed(func(b *bytes.Buffer) error { return gob.NewEncoder(b).Encode(struct{ A token.Secret }{s}) })},
		{"a text template", executed(func(b *bytes.Buffer) error { return template.Must(template.New("").Parse(page)).Execute(b, r) })},
		{"an HTML template", executed(func(b *bytes.Buffer) error { return htmltemplate.Must(htmltemplate.New("").Parse(page)).Execute(b, r) })},
		{"String", s.String()},
		{"LogValue", s.LogValue().String()},
		{"MarshalText", string(must(s.MarshalText()))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, visible(tt.text), false) })
	}
	check(t, s.Reveal(), hidden)
}

// The zero value holds nothing, and prints like any other.
func TestZeroSecret(t *testing.T) {
	check(t, token.Secret{}.Reveal(), "")
	check(t, fmt.Sprint(token.Secret{}), "[redacted]")
}
