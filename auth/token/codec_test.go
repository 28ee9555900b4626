package token_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/token"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got\n\t%+v\nwant\n\t%+v", got, want)
	}
}

const (
	alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	tailLen  = 52 + 5 // characters of a secret and its checksum
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// secretOf returns the secret in a token.
func secretOf(text string) [32]byte {
	return [32]byte(must(encoding.DecodeString(text[len(text)-tailLen : len(text)-5])))
}

// A vector is a token and what it was made of. The file was written once: whatever reads tokens reads these for ever.
type vector struct {
	Prefix, ID, Secret, Token, Digest string
}

var vectors = func() (all []vector) {
	if err := json.Unmarshal(must(os.ReadFile("testdata/vectors.json")), &all); err != nil {
		panic(err)
	}
	return all
}()

func (v vector) codec() token.Codec { return must(token.NewCodec(v.Prefix)) }

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.Token, func(t *testing.T) {
			secret := [32]byte(must(hex.DecodeString(v.Secret)))
			check(t, v.codec().Encode(v.ID, secret).Reveal(), v.Token)
			check(t, fmt.Sprintf("%x", token.Sum(v.Token)), v.Digest)
			check(t, v.codec().Encode(v.ID, secret).Digest(), token.Sum(v.Token))
			id, err := v.codec().Parse(v.Token)
			check(t, err, nil)
			check(t, id, v.ID)
			check(t, v.codec().Recognizes(v.Token), true)
			for _, other := range vectors {
				_, err := other.codec().Parse(v.Token)
				check(t, err == nil, other.Prefix == v.Prefix)
			}
		})
	}
	check(t, len(vectors) > 5, true)
}

// Whoever mistypes one character, leaves one out or adds one is told so without a look into the store.
func TestEveryChangeIsRefused(t *testing.T) {
	const others = alphabet + "ABCXYZ0189_-=+/ .,%\t\r\n\x00\x7f\xff"
	for _, v := range vectors {
		t.Run(v.Token, func(t *testing.T) {
			var changed []string
			for i := range len(v.Token) {
				head, tail := v.Token[:i], v.Token[i+1:]
				changed = append(changed, head+tail, head+strings.ToUpper(v.Token[i:i+1])+tail+" ")
				for _, ch := range others {
					changed = append(changed, head+string(ch)+tail, head+string(ch)+v.Token[i:])
				}
			}
			accepted := 0
			for _, text := range changed {
				id, err := v.codec().Parse(text)
				ok := map[bool]int{true: 1}[err == nil]
				same := map[bool]int{true: 1}[text == v.Token]
				check(t, err == nil || (errors.Is(err, token.ErrMalformed) && id == ""), true)
				accepted += ok - same
			}
			check(t, accepted, 0)
		})
	}
}

// The checksum has 25 bits and no key: it finds mistakes, it proves nothing. Here are two tokens that differ in one
// character and are both well-formed. Only the digest tells them apart.
func TestChecksumIsNoProof(t *testing.T) {
	codec, id := must(token.NewCodec("sk")), strings.Repeat("a", 24)
	a := codec.Encode(id, [32]byte(must(hex.DecodeString("dceb2619cc27e91e05d3963d63085340982ab2f2b819464823b636a6be1668a4")))).Reveal()
	b := codec.Encode(id, [32]byte(must(hex.DecodeString("dceb2631cc27e91e05d3963d63085340982ab2f2b819464823b636a6be1668a4")))).Reveal()
	differ := 0
	for i := range a {
		differ += map[bool]int{true: 1}[a[i] != b[i]]
	}
	check(t, differ, 1)
	for _, text := range []string{a, b} {
		got, err := codec.Parse(text)
		check(t, err, nil)
		check(t, got, id)
	}
	check(t, token.Sum(a).Equal(token.Sum(b)), false)
}

// Junk of the right form is turned away but for one in 33 million.
func TestJunkIsRefused(t *testing.T) {
	codec, junk := must(token.NewCodec("sk")), rand.New(rand.NewPCG(1, 2))
	text := []byte("sk_aaaaaaaaaaaaaaaaaaaaaaaa_" + strings.Repeat("a", tailLen))
	for range 20000 {
		for i := 28; i < len(text); i++ {
			text[i] = alphabet[junk.IntN(32)]
		}
		text[len(text)-6] = "aq"[junk.IntN(2)] // which has one bit of the secret
		_, err := codec.Parse(string(text))
		check(t, err, token.ErrMalformed)
	}
}

// The last character of a secret has four bits that say nothing: they are zero, or it would have 16 spellings. A right
// checksum does not help.
func TestOneSpelling(t *testing.T) {
	for _, v := range vectors {
		body := v.Token[:len(v.Token)-6]
		for _, last := range alphabet {
			text := body + string(last)
			sum := sha256.Sum256([]byte(text))
			_, err := v.codec().Parse(text + encoding.EncodeToString(sum[:5])[:5])
			check(t, err == nil, last == 'a' || last == 'q')
		}
		for _, stray := range []string{"A", "0", "1", "8", "9", "-", "_", "=", " ", "\n", "\x00", "\xff"} {
			text := v.Token[:len(v.Token)-tailLen] + stray + v.Token[len(v.Token)-tailLen+1:len(v.Token)-5]
			sum := sha256.Sum256([]byte(text))
			_, err := v.codec().Parse(text + encoding.EncodeToString(sum[:5])[:5])
			check(t, err, token.ErrMalformed)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	v := vectors[0]
	id, tail, raw := v.ID, v.Token[len(v.Token)-tailLen:], secretOf(v.Token)
	tests := []struct{ name, text string }{
		{"nothing", ""},
		{"the prefix", "sk"},
		{"the prefix and an underscore", "sk_"},
		{"underscores", "sk__"},
		{"no secret", "sk_" + id},
		{"an empty secret", "sk_" + id + "_"},
		{"no ID", "sk_" + tail},
		{"an empty ID", "sk__" + tail},
		{"no prefix", id + "_" + tail},
		{"an empty prefix", "_" + id + "_" + tail},
		{"another prefix", "pk_" + id + "_" + tail},
		{"a longer prefix", "skx_" + id + "_" + tail},
		{"a shorter prefix", "s_" + id + "_" + tail},
		{"a prefix of two words", "sk_live_" + id + "_" + tail},
		{"a prefix that was doubled", "sk_sk_" + id + "_" + tail},
		{"an underscore too many in front", "sk__" + id + "_" + tail},
		{"an underscore too many in between", "sk_" + id + "__" + tail},
		{"an underscore too many behind", "sk_" + id + "_" + tail + "_"},
		{"an underscore too few", "sk_" + id + tail},
		{"hyphens", strings.ReplaceAll(v.Token, "_", "-")},
		{"upper case", strings.ToUpper(v.Token)},
		{"an upper-case prefix", "SK_" + id + "_" + tail},
		{"an upper-case ID", "sk_" + strings.ToUpper(id) + "_" + tail},
		{"an upper-case secret", "sk_" + id + "_" + strings.ToUpper(tail)},
		{"a space in front", " " + v.Token},
		{"a space behind", v.Token + " "},
		{"a line break behind", v.Token + "\n"},
		{"a line break within", v.Token[:40] + "\r\n" + v.Token[40:]},
		{"padding", v.Token + "===="},
		{"NUL behind", v.Token + "\x00"},
		{"twice", v.Token + v.Token},
		{"twice with an underscore", v.Token + "_" + v.Token},
		{"the secret twice", v.Token + tail},
		{"the secret in hex", fmt.Sprintf("sk_%s_%x", id, raw)},
		{"the secret in the other base32", "sk_" + id + "_" + base32.HexEncoding.EncodeToString(raw[:])},
		{"a short ID", "sk_" + id[:15] + "_" + tail},
		{"another ID", "sk_" + strings.Repeat("b", 24) + "_" + tail},
		{"a part of the ID in the secret", "sk_" + id[:16] + "_" + id[16:] + tail},
		{"a secret without its checksum", v.Token[:len(v.Token)-5]},
		{"another checksum", v.Token[:len(v.Token)-4] + "aaaa"},
		{"an ID that is too long", "sk_" + strings.Repeat("a", 65) + "_" + tail},
		{"a megabyte", "sk_" + strings.Repeat("a", 1<<20)},
		{"a megabyte of underscores", "sk" + strings.Repeat("_", 1<<20)},
		{"a megabyte behind", v.Token + strings.Repeat("a", 1<<20)},
		{"letters beyond ASCII", "sk_" + strings.Repeat("é", 12) + "_" + tail},
		{"letters that look alike", strings.ReplaceAll(v.Token, "a", "а")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := must(token.NewCodec("sk")).Parse(tt.text)
			check(t, err, token.ErrMalformed)
			check(t, id, "")
		})
	}
}

func TestNewCodec(t *testing.T) {
	tests := []struct {
		prefix string
		ok     bool
	}{
		{"sk", true}, {"s", true}, {"sk_live", true}, {"a_b_c_d", true}, {"k8s", true}, {"a1_2b", true}, {strings.Repeat("a", 32), true},
		{"", false}, {"_", false}, {"_sk", false}, {"sk_", false}, {"sk__live", false}, {"1sk", false}, {"SK", false}, {"sK", false}, {"sk-live", false},
		{"sk live", false}, {"sk.", false}, {"ské", false}, {"sk\n", false}, {"sk\x00", false}, {strings.Repeat("a", 33), false}, {"__", false},
		{strings.Repeat("a", 1<<20), false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%.40q", tt.prefix), func(t *testing.T) {
			c, err := token.NewCodec(tt.prefix)
			check(t, err == nil, tt.ok)
			check(t, c != token.Codec{}, tt.ok)
		})
	}
}

// The longest prefix and the longest ID make a token that is read again, and so do the shortest.
func TestBounds(t *testing.T) {
	for _, prefix := range []string{"a", "sk_live", strings.Repeat("a", 32)} {
		for _, id := range []string{token.NewID(), strings.Repeat("a", 16), strings.Repeat("7", 64)} {
			codec := must(token.NewCodec(prefix))
			text := codec.New(id).Reveal()
			got, err := codec.Parse(text)
			check(t, err, nil)
			check(t, got, id)
			check(t, len(text), len(prefix)+1+len(id)+1+tailLen)
		}
	}
}

func TestIsID(t *testing.T) {
	a := strings.Repeat("a", 64)
	tests := []struct {
		name, s string
		want    bool
	}{
		{"a new one", token.NewID(), true},
		{"16 characters", a[:16], true},
		{"64 characters", a, true},
		{"the alphabet", alphabet, true},
		{"15 characters", a[:15], false},
		{"65 characters", a + "a", false},
		{"none", "", false},
		{"upper case", strings.ToUpper(a[:16]), false},
		{"digits that base32 does not have", a[:16] + "0189", false},
		{"an underscore", a[:16] + "_", false},
		{"a slash", "../../../etc/passwd", false},
		{"a space", a[:16] + " ", false},
		{"NUL", a[:16] + "\x00", false},
		{"letters beyond ASCII", strings.Repeat("é", 16), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, token.IsID(tt.s), tt.want) })
	}
}

func TestRecognizes(t *testing.T) {
	id := strings.Repeat("a", 24)
	tests := []struct {
		prefix, text string
		want         bool
	}{
		{"sk", "sk_" + id + "_", true}, {"sk", "sk_" + id + "_x", true}, {"sk", "sk_" + id, false}, {"sk", "sk_abc_x", false},
		{"sk", "sk_", false}, {"sk", "sk", false}, {"sk", "skx_" + id + "_x", false}, {"sk", "SK_" + id + "_x", false}, {"sk", "", false},
		{"sk_live", "sk_live_" + id + "_x", true}, {"sk_live", "sk_" + id + "_x", false}, {"sk", "eyJhbGciOiJIUzI1NiJ9.e30.x", false},
	}
	for _, tt := range tests {
		t.Run(tt.prefix+" "+tt.text, func(t *testing.T) {
			check(t, must(token.NewCodec(tt.prefix)).Recognizes(tt.text), tt.want)
		})
	}
}

// Codecs whose prefixes begin alike can stand beside each other in auth.Tokens, in any order.
func TestRecognizesNotTheLongerPrefix(t *testing.T) {
	for _, prefix := range []string{"sk_live", "sk_productioneuwest"} { // the latter looks like an ID
		longer := must(token.NewCodec(prefix)).New(token.NewID()).Reveal()
		check(t, must(token.NewCodec("sk")).Recognizes(longer), false)
	}
}

func TestZeroCodec(t *testing.T) {
	var c token.Codec
	_, err := c.Parse(vectors[0].Token)
	check(t, err, token.ErrMalformed)
	_, err = c.Parse("")
	check(t, err, token.ErrMalformed)
	check(t, c.Recognizes("_a"), false)
	check(t, c.Recognizes(""), false)
}

func TestNewPanics(t *testing.T) {
	codec := must(token.NewCodec("sk"))
	for name, f := range map[string]func(){
		"a zero Codec":            func() { token.Codec{}.New(token.NewID()) },
		"an empty ID":             func() { codec.New("") },
		"an ID with a delimiter":  func() { codec.New("aaaaaaaaaaaaaaaa_a") },
		"an ID that is too short": func() { codec.New("aaaaaaaaaaaaaaa") },
		"an ID in upper case":     func() { codec.New("AAAAAAAAAAAAAAAA") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() { check(t, recover(), any("token: New: a zero Codec or an unusable ID")) }()
			f()
		})
	}
}

// A token with the same ID is another token.
func TestNewSecretEachTime(t *testing.T) {
	codec, id := must(token.NewCodec("sk")), token.NewID()
	a, b := codec.New(id), codec.New(id)
	check(t, a.Reveal() == b.Reveal(), false)
	check(t, a.Digest().Equal(b.Digest()), false)
	check(t, must(codec.Parse(a.Reveal())), must(codec.Parse(b.Reveal())))
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.Prefix, v.Token)
		f.Add("sk", v.Token)
		f.Add(v.Prefix, strings.ToUpper(v.Token))
		f.Add(v.Prefix, v.Token+"\n")
	}
	f.Add("", "_a_b")
	f.Fuzz(func(t *testing.T, prefix, text string) {
		codec, prefixErr := token.NewCodec(prefix)
		id, err := codec.Parse(text)
		if err != nil {
			if id != "" || err != token.ErrMalformed {
				t.Errorf("%q: %q, %v", text, id, err)
			}
			return
		}
		// What is accepted has one spelling: its parts, put together again, are the text.
		again := codec.Encode(id, secretOf(text)).Reveal()
		if again != text || prefixErr != nil || !token.IsID(id) || !strings.HasPrefix(text, prefix+"_"+id+"_") {
			t.Errorf("%q: %q, %q", text, id, again)
		}
	})
}
