package storetest

import (
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// newToken returns a token with all fields set.
func newToken() login.OneTimeToken {
	return login.OneTimeToken{
		ID:     token.NewID(),
		Digest: token.Sum(token.NewID()),
		Data: metadata(map[string]any{
			"purpose": "reset", "identity": token.NewID(), "large": uint64(1<<63 + 1),
			"nested": map[string]any{"list": []any{1, nil, 2.5}},
		}),
		Expires: time.Now().UTC().Truncate(time.Second).Add(time.Hour + 654_321*tick),
	}
}

var tokenSamples = []sample[login.OneTimeToken]{
	{"a token", newToken},
	{"a token without data", func() login.OneTimeToken { t := newToken(); t.Data = auth.Metadata{}; return t }},
	{"a token with empty data", func() login.OneTimeToken { t := newToken(); t.Data = auth.RawMetadata("{}"); return t }},
	{"a token with intricate data", func() login.OneTimeToken { t := newToken(); t.Data = auth.RawMetadata(intricate); return t }},
	{"a token with deep data", func() login.OneTimeToken { t := newToken(); t.Data = auth.RawMetadata(deep); return t }},
	{"a token with data in many scripts", func() login.OneTimeToken {
		t := newToken()
		t.Data = metadata(map[string]any{scripts: scripts})
		return t
	}},
	{"a token with as much data as Check allows", func() login.OneTimeToken {
		t := newToken()
		t.Data = dataOf(strings.Repeat("\u7528", 2<<10) + strings.Repeat("x", 2<<10-len(`{"a":""}`)))
		return t
	}},
	{"a token with the shortest ID", func() login.OneTimeToken { t := newToken(); t.ID = t.ID[:16]; return t }},
	{"a token with the longest ID", func() login.OneTimeToken {
		t := newToken()
		t.ID += strings.Repeat("a", 64-len(t.ID))
		return t
	}},
	{"a token with a digest of odd bytes", func() login.OneTimeToken {
		t := newToken()
		copy(t.Digest[:], "\x00\xff\x00' \\\n\r\x1a%_\x80 ")
		t.Digest[len(t.Digest)-1] = 0
		return t
	}},
	{"a token whose time is in another zone", func() login.OneTimeToken {
		t := newToken()
		t.Expires = t.Expires.In(faraway)
		return t
	}},
	{"a token that expires at a whole second", func() login.OneTimeToken {
		t := newToken()
		t.Expires = t.Expires.Truncate(time.Second)
		return t
	}},
	{"a token with the last microsecond", func() login.OneTimeToken {
		t := newToken()
		t.Expires = t.Expires.Add(345_678 * tick)
		return t
	}},
	{"a token that is good for years", func() login.OneTimeToken {
		t := newToken()
		t.Expires = t.Expires.AddDate(50, 0, 0)
		return t
	}},
}
