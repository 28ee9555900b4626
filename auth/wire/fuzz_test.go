package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// What Decode takes encoding/json takes, and reads alike; what it refuses is a refusal that tells no value.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"title":"x"}`, `{"Title":"x"}`, `{"title":1,"title":2}`, `{"at":"2026-01-02T03:04:05Z","tags":["a"]}`, `[]`, `null`,
		`{"metadata":{"a":{"b":[1,2,{"c":null}]}}}`, `{"stops":[{"city":"x"}]}`, "{\"title\":\"\xff\"}", `{"title":"\ud800"}`, `{"count":1e999}`,
		strings.Repeat("[", 100), `{"where":null,"via":{}}`, `{"":0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var got, want order
		err := wire.Decode(httptest.NewRecorder(), r, &got)
		if err == nil {
			strict := json.NewDecoder(bytes.NewReader(body))
			strict.DisallowUnknownFields()
			if len(body) > 0 && strict.Decode(&want) != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %+v, and encoding/json %+v", body, got, want)
			}
			return
		}
		var refusal *auth.Error
		if !errors.As(err, &refusal) || refusal.Status < 400 || refusal.Status >= 500 || refusal.Message == "" {
			t.Errorf("%q: %v", body, err)
		}
		if !reflect.DeepEqual(got, order{}) {
			t.Errorf("%q: refused, and left %+v", body, got)
		}
	})
}

// Object takes what encoding/json takes, with its values as they were written, and refuses the rest as Decode does.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1e999,"b":[null]}`, `{"a":1,"a":2}`, `[]`, `null`, "{\"a\":\"\xff\"}", strings.Repeat("[", 100), ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		got, err := wire.Object(httptest.NewRecorder(), r)
		if err == nil {
			want := map[string]json.RawMessage{}
			if len(body) > 0 && json.Unmarshal(body, &want) != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %s, and encoding/json %s", body, got, want)
			}
			return
		}
		var refusal *auth.Error
		if !errors.As(err, &refusal) || refusal.Status < 400 || refusal.Status >= 500 || refusal.Message == "" || got != nil {
			t.Errorf("%q: %v %v", body, got, err)
		}
	})
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"", "a=1", "a[]=1&a[0]=2", "a=%ff", "a;b", "at=2026-01-02T03:04:05Z", "n=007", "w=x&w=y", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		q := wire.ParseQuery(r)
		list, n, word := q.List("a"), q.Int("n", 5, 1, 10), q.Word("w", "x", "y")
		at := q.Time("at")
		if len(list) > 100 || n < 1 || n > 10 || word != "" && word != "x" && word != "y" || !at.IsZero() && at.UTC().Year() < 1970 {
			t.Errorf("%q: %v %v %v %v", query, list, n, word, at)
		}
		var refusal *auth.Error
		if err := q.Err(); err != nil && (!errors.As(err, &refusal) || refusal.Status != 400) {
			t.Errorf("%q: %v", query, err)
		}
	})
}
