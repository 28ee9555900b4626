package auth_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func TestCredentialRedacted(t *testing.T) {
	const hidden = "t0p-s3cret"
	c := auth.Credential{Token: hidden, Remote: "192.0.2.1:1234", TLS: &tls.ConnectionState{}}
	logged := func(h func(*bytes.Buffer) slog.Handler) string {
		var b bytes.Buffer
		log := slog.New(h(&b))
		log.Info("", "c", c, "pointer", &c, "in", struct{ C auth.Credential }{c}, "all", []auth.Credential{c}, "map", map[string]any{"c": c})
		return b.String()
	}
	tests := []struct{ name, text string }{
		{"pointers", fmt.Sprintf("%v %+v %#v %s %d", &c, &c, &c, &c, &c)},
		{"in a struct", fmt.Sprintf("%+v", struct{ C auth.Credential }{c})},
		{"in a slice", fmt.Sprintf("%#v", []auth.Credential{c})},
		{"in a map", fmt.Sprintf("%v", map[string]auth.Credential{"c": c})},
		{"Println", fmt.Sprintln(c, &c)},
		{"slog text", logged(func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) })},
		{"slog JSON", logged(func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) })},
		{"JSON", string(must(json.Marshal([]any{c, &c, map[string]any{"c": c}})))},
		{"XML", string(must(xml.Marshal(holder{c})))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, strings.Contains(tt.text, hidden), false) })
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% X", "%d", "%t", "%c", "%U", "%e", "%o", "%b", "%T", "%z", "%!", "%10s", "no verb"} {
		t.Run(verb, func(t *testing.T) {
			check(t, strings.Contains(fmt.Sprintf(verb, c), hidden), false)
			check(t, strings.Contains(fmt.Errorf(verb, c).Error(), hidden), false)
		})
	}
	check(t, fmt.Sprint(c), "credential from 192.0.2.1:1234")
}

// A holder has a credential in a field.
type holder struct{ C auth.Credential }
