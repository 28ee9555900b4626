package redisstore_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/redisstore"
)

func encode(t testing.TB, rec session.Record) []byte {
	t.Helper()
	text, err := redisstore.Encode(rec, rec.Version)
	must(t, "encode", err)
	return text
}

// sealed returns a value with a checksum that is right, as something that knows how would write it.
func sealed(head, body string) string {
	sum := crc32.Checksum([]byte(head+body), crc32.MakeTable(crc32.Castagnoli))
	return fmt.Sprintf("%s%08x %s", head, sum, body)
}

// opened returns the head and the body of a value, without the checksum.
func opened(text []byte) (head, body string) {
	at := strings.IndexByte(string(text), '{')
	return string(text[:at-9]), string(text[at:])
}

// The records of one release are read by the next. A change of this text wants another format.
func TestValue(t *testing.T) {
	rec := session.Record{
		ID: "udz3abcdabcdabcdabcdabcd", Version: 3, Counter: 7, Digest: token.Sum("a"),
		Login: session.Login{
			Actor: auth.Actor{Type: "user", ID: "ann"}, IdentityID: "i", Provider: "emailpass",
			Scopes: auth.NewSet("a", "b"), Roles: auth.NewSet("admin"),
			Factors:     []auth.Factor{{Method: "pwd", At: time.UnixMicro(1).UTC()}},
			AppMetadata: auth.RawMetadata(`{"a":"<&>"}`), UserMetadata: auth.RawMetadata(`{}`),
		},
		Created: time.UnixMicro(2).UTC(), Renewed: time.UnixMicro(3).UTC(),
		Expires: time.UnixMicro(4).UTC(), EndsBy: time.UnixMicro(5).UTC(),
		Floor: 6, Refreshed: time.UnixMicro(7).UTC(), IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "<a>",
		Values: auth.RawMetadata(`{"b":2}`),
	}
	const want = `cs1 3 000000000000000004 INDEX IDENTITY 000000000000000005 SUM {"id":"udz3abcdabcdabcdabcdabcd",` +
		`"digest":"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=","counter":7,"actor_type":"user","actor_id":"ann",` +
		`"identity_id":"i","provider":"emailpass","scopes":["a","b"],"roles":["admin"],` +
		`"factors":[{"method":"pwd","at":"1970-01-01T00:00:00.000001Z"}],"app_metadata":{"a":"<&>"},"user_metadata":{},` +
		`"created":"1970-01-01T00:00:00.000002Z","renewed":"1970-01-01T00:00:00.000003Z","ends_by":"1970-01-01T00:00:00.000005Z",` +
		`"floor":6,"refreshed":"1970-01-01T00:00:00.000007Z","ip":"192.0.2.7","user_agent":"<a>","values":{"b":2}}`
	const index = "a0f3b5cd8cc4469122686f94788356352f27f499087eece322910a5b765a96e5"    // printf 'user\0ann' | sha256sum
	const identity = "de7d1b721a1e0632b7cf04edf5032c8ecffa9f9a08492152b926f1a5a7e765d7" // printf i | sha256sum
	head, body := opened([]byte(strings.Replace(want, "SUM", "00000000", 1)))
	head = strings.NewReplacer("INDEX", index, "IDENTITY", identity).Replace(head)
	check(t, "value", string(encode(t, rec)), sealed(head, body))
	got, err := redisstore.Decode(encode(t, rec), rec.ID)
	must(t, "decode", err)
	check(t, "and back", reflect.DeepEqual(got, rec), true)
}

// A script reads the head alone.
func TestHeadIsShort(t *testing.T) {
	rec := loggedIn(ann)
	rec.Version, rec.Expires = -1<<63, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	head, _ := opened(encode(t, rec))
	check(t, "short enough", len(head)+len("00000000 {") <= redisstore.HeadLen, true)
}

// No byte of a value may be another, missing, or one too many without anybody noticing: F12.
func TestDamage(t *testing.T) {
	rec := loggedIn(ann)
	good := string(encode(t, rec))
	damaged := map[string]string{}
	for i := range good {
		for bit := range 8 {
			damaged[fmt.Sprintf("bit %d of byte %d flipped", bit, i)] = good[:i] + string([]byte{good[i] ^ 1<<bit}) + good[i+1:]
		}
		damaged[fmt.Sprintf("cut before byte %d", i)] = good[:i]
		damaged[fmt.Sprintf("without byte %d", i)] = good[:i] + good[i+1:]
		damaged[fmt.Sprintf("from byte %d", i+1)] = good[i+1:]
	}
	for _, more := range []string{" ", "\n", "\x00", "{}", good} {
		damaged[fmt.Sprintf("with %.4q after it", more)] = good + more
		damaged[fmt.Sprintf("with %.4q before it", more)] = more + good
	}
	for name, text := range damaged {
		if text != good {
			refused(t, name, text, rec.ID)
		}
	}
}

func refused(t *testing.T, name, text, id string) {
	t.Helper()
	rec, err := redisstore.Decode([]byte(text), id)
	if !errors.Is(err, session.ErrCorrupt) || auth.IsUnavailable(err) || !reflect.ValueOf(rec).IsZero() {
		t.Errorf("%s: %+v, %v; want ErrCorrupt alone", name, rec, err)
	}
}

// typeConfusion returns values that are whole by their checksum, but not what this package writes.
func typeConfusion(t testing.TB, rec session.Record) map[string]string {
	head, body := opened(encode(t, rec))
	headed := func(old, replaced string) string { return sealed(strings.Replace(head, old, replaced, 1), body) }
	other := loggedIn(auth.Actor{Type: "user", ID: "bob"})
	otherHead, otherBody := opened(encode(t, other))
	values := map[string]string{
		"gob":                 "\x10\xff\x81\x03\x01\x01\x06Record\x01\xff\x82",
		"nothing":             "",
		"another's":           string(encode(t, other)),
		"another's object":    sealed(head, otherBody),
		"another's head":      sealed(otherHead, body),
		"a later format":      headed("cs1 ", "cs2 "),
		"a version of text":   headed("cs1 1 ", "cs1 a "),
		"a version too large": headed("cs1 1 ", "cs1 9223372036854775808 "),
		"an end of text":      headed(redisstore.Moment(rec.Expires), "tomorrow"),
		"an end before 1970":  headed(" 00", " -0"),
		"a lapse of text":     headed(redisstore.Moment(rec.EndsBy), "tomorrow"),
		"no object":           sealed(head, "null"),
		"a list":              sealed(head, "[]"),
		"an empty object":     sealed(head, "{}"),
		"two objects":         sealed(head, body+body),
		"half an object":      sealed(head, body[:len(body)-1]),
	}
	maps.Copy(values, objectConfusion(t, rec, other))
	return values
}

// objectConfusion returns those that are wrong in the object.
func objectConfusion(t testing.TB, rec, other session.Record) map[string]string {
	head, body := opened(encode(t, rec))
	in := func(old, replaced string) string {
		if !strings.Contains(body, old) {
			t.Fatalf("no %s in %s", old, body)
		}
		return sealed(head, strings.Replace(body, old, replaced, 1))
	}
	return map[string]string{
		"a number as ID":           in(`"id":"`+rec.ID+`"`, `"id":7`),
		"an ID of another":         in(rec.ID, other.ID),
		"an object as ID":          in(`"id":"`+rec.ID+`"`, `"id":{}`),
		"an actor of another type": in(`"actor_type":"user"`, `"actor_type":"admin"`),
		"another actor":            in(`"actor_id":"ann"`, `"actor_id":"bob"`),
		"no actor":                 in(`"actor_id":"ann",`, ``),
		"a list as actor":          in(`"actor_id":"ann"`, `"actor_id":["ann"]`),
		"another identity":         in(`"identity_id":"i"`, `"identity_id":"j"`),
		"no identity":              in(`"identity_id":"i",`, ``),
		"an IP that is none":       in(`"ip":"2001:db8::7"`, `"ip":"localhost"`),
		"an IP with a zone":        in(`"ip":"2001:db8::7"`, `"ip":"fe80::1%eth0"`),
		"a number as IP":           in(`"ip":"2001:db8::7"`, `"ip":7`),
		"a number as user agent":   in(`"user_agent":"a browser"`, `"user_agent":7`),
		"a NUL in the user agent":  in(`"user_agent":"a browser"`, `"user_agent":"\u0000"`),
		"a negative floor":         in(`"floor":3`, `"floor":-3`),
		"a list as values":         in(`"values":{`, `"values":[],"was":{`),
		"text as values":           in(`"values":{`, `"values":"{}","was":{`),
		"no time of a refresh":     in(`"refreshed":"`, `"refreshed":"never","was":"`),
		"a short digest":           in(`"digest":"`, `"digest":"AAAA","was":"`),
		"a long digest":            in(`"digest":"`, `"digest":"`+strings.Repeat("AAAA", 11)+`","was":"`),
		"a number as digest":       in(`"digest":"`, `"digest":7,"was":"`),
		"text as counter":          in(`"counter":7`, `"counter":"7"`),
		"a negative counter":       in(`"counter":7`, `"counter":-7`),
		"a fractional counter":     in(`"counter":7`, `"counter":7.5`),
		"text as scopes":           in(`"scopes":["*"]`, `"scopes":"*"`),
		"an object as roles":       in(`"roles":["admin"]`, `"roles":{"admin":true}`),
		"a list of numbers":        in(`"roles":["admin"]`, `"roles":[1]`),
		"text as factors":          in(`"factors":[`, `"factors":"pwd","was":[`),
		"a number as time":         in(`"created":"`, `"created":7,"was":"`),
		"no time":                  in(`"ends_by":"`, `"ends_by":"never","was":"`),
		"text as metadata":         in(`"user_metadata":{`, `"user_metadata":"{}","was":{`),
		"a list as metadata":       in(`"user_metadata":{`, `"user_metadata":[],"was":{`),
		"a NUL":                    in(`"provider":"emailpass"`, `"provider":"\u0000"`),
		"a time before 1970":       in(`"ends_by":"`, `"ends_by":"0001-01-02T00:00:00Z","was":"`),
		"null as metadata":         in(`"user_metadata":{`, `"user_metadata":null,"was":{`),
	}
}

func FuzzDecode(f *testing.F) {
	rec := loggedIn(ann)
	f.Add(encode(f, rec), rec.ID)
	for _, text := range typeConfusion(f, rec) {
		f.Add([]byte(text), rec.ID)
	}
	f.Fuzz(func(t *testing.T, text []byte, id string) {
		before := string(text)
		// The checksum would keep the fuzzer out of all that is behind it.
		if at := strings.IndexByte(before, '{'); at >= 9 {
			text = []byte(sealed(opened(text)))
		}
		sealedText := string(text)
		rec, err := redisstore.Decode(text, id)
		if err != nil {
			if !errors.Is(err, session.ErrCorrupt) || !reflect.ValueOf(rec).IsZero() {
				t.Fatalf("%+v, %v; want nothing and ErrCorrupt", rec, err)
			}
			return
		}
		check(t, "ID", rec.ID, id)
		check(t, "the text is as it was", string(text), sealedText)
		again, err := redisstore.Encode(rec, rec.Version)
		must(t, "encode", err)
		back, err := redisstore.Decode(again, id)
		must(t, "decode", err)
		if !back.Expires.Equal(rec.Expires) || back.Version != rec.Version || back.Login.Actor != rec.Login.Actor {
			t.Fatalf("%+v came back as %+v", rec, back)
		}
	})
}
