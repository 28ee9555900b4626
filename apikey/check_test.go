package apikey_test

import (
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

func TestKeyCheck(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name   string
		change func(*apikey.Key)
		want   string
	}{
		{"a key as Issue makes it", func(*apikey.Key) {}, ""},
		{"times that are zero", func(k *apikey.Key) { k.CreatedAt, k.ExpiresAt = time.Time{}, time.Time{} }, ""},
		{"line breaks and characters beyond 16 bits", func(k *apikey.Key) { k.Title = "\n\t\U0001F5DD" }, ""},
		{"text as long as may be", func(k *apikey.Key) { k.Title, k.CreatedBy = long(1024), long(256) }, ""},
		{"no ID", func(k *apikey.Key) { k.ID = "" }, "ID"},
		{"a long ID", func(k *apikey.Key) { k.ID = long(65) }, "longer"},
		{"a long title", func(k *apikey.Key) { k.Title = long(1025) }, "longer"},
		{"a long owner", func(k *apikey.Key) { k.Owner.ID = long(257) }, "longer"},
		{"a long type of owner", func(k *apikey.Key) { k.Owner.Type = long(257) }, "longer"},
		{"a long name of who made it", func(k *apikey.Key) { k.CreatedBy = long(257) }, "longer"},
		{"a long name of who revoked it", func(k *apikey.Key) { k.Revocation.By = long(257) }, "longer"},
		{"scopes that are too long together", func(k *apikey.Key) { k.Scopes = auth.NewSet("a"+long(40000), "b"+long(40000)) }, "longer"},
		{"a NUL in the title", func(k *apikey.Key) { k.Title = "a\x00" }, "NUL"},
		{"a NUL in a scope", func(k *apikey.Key) { k.Scopes = auth.NewSet("a", "b\x00") }, "NUL"},
		{"half a character in the owner", func(k *apikey.Key) { k.Owner.ID = "\xff" }, "UTF-8"},
		{"a revocation before 1970", func(k *apikey.Key) { k.Revocation.At = time.Unix(-1, 0) }, "before 1970"},
		{"an end in the year 10000", func(k *apikey.Key) { k.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "after 9999"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, _ := newSite().issue(t, nil)
			tt.change(&k)
			err := k.Check()
			check(t, "refused", err != nil, tt.want != "")
			if err != nil {
				check(t, "the reason: "+err.Error(), strings.Contains(err.Error(), tt.want), true)
			}
		})
	}
}
