package jwtx_test

import (
	"strings"
	"testing"
)

// notJSON are texts that no strict reader takes for JSON: all kinds of the n_ files of nst/JSONTestSuite.
var notJSON = []string{
	// structure
	"", " ", "{", "}", "[", "]", "{]", "[}", "{}}", "[]]", "{{}}", "[[]", "{\"a\":1}}", "{\"a\":1", "{\"a\":{}", "[1", "\u2060{}",
	"{}\u00a0", "\f{}",
	"<null>", "{}#", "{}x", "[][]", "{}{}", "{\"a\":1}{\"b\":2}", "{}/**/", "{}//", "/**/{}", "{\"a\":/*b*/1}", "{\"a\":1}#{}",
	"undefined", "{\"a\":\"b\"}\x00",
	// objects
	"{,}", "{\"a\"}", "{\"a\":}", "{:1}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}",
	"{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}",
	"{\"a\",1}", "{\"a\":1;}", "{[]:1}", "{\"a\":1,\"b\"", "{\"a\":1,\"b\":", "{\"a\":1 b}", "{\"\\", "{\"a\":\"a", "{\"a\":true,}",
	// arrays
	"[,]", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[1:2]", "[\"a\":1]", "[1,", "[\"a\",\n4\n,1", "[*]", "[x", "[\"x\"", "[3[4]]",
	"[a\xc3\xa5]", "[1;2]", "[\"\",]",
	// numbers
	"{\"a\":01}", "{\"a\":-01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":-.5}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":--1}", "{\"a\":1e}",
	"{\"a\":1e+}", "{\"a\":1E-}", "{\"a\":1ee2}", "{\"a\":1.e1}",
	"{\"a\":0e}", "{\"a\":0x42}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":-Infinity}", "{\"a\":1_000}", "{\"a\":1 000}",
	"{\"a\":1.2.3}", "{\"a\":2.e+3}", "{\"a\":0.1.2}", "{\"a\":1a}",
	"{\"a\":\uff11}", "{\"a\":- 1}", "{\"a\":1e1.5}", "{\"a\":0.}", "{\"a\":1eE2}", "{\"a\":1+2}",
	// words
	"{\"a\":nul}", "{\"a\":tru}", "{\"a\":fals}", "{\"a\":True}", "{\"a\":NULL}", "{\"a\":truex}", "{\"a\":nulll}",
	"{\"a\":true false}", "{\"a\":t}",
	// strings
	"{\"a\":\"b}", "{\"a\":'b'}", "{\"a\":b}", "{\"a\":\"\\x00\"}", "{\"a\":\"\\a\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\u\"}",
	"{\"a\":\"\\u12\"}", "{\"a\":\"\\u123g\"}", "{\"a\":\"\\U0041\"}",
	"{\"a\":\"\\u{41}\"}", "{\"a\":\"\\u+041\"}", "{\"a\":\"\x00\"}", "{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "{\"a\":\"\x1f\"}",
	"{\"a\":\"b\" \"c\"}", "{\"a\":\"\\\\\\\"}", "{\"a\":\"\\u00\x11\x12\"}",
	"{\"a\":\"\\\n\"}", "{\"a\":`b`}", "{\"a\":\\u0022b\"}", "{\"a\n\":1}", "{\"a\":\u201cb\u201d}", "{\"a\":\"\\ud800\\u\"}", "{\"a\":\"\\'\"}",
	// not UTF-8, and half a character
	"{\"a\":\"\xff\"}", "{\"a\":\"\xe0\xff\"}", "{\"a\":\"\\\xe5\"}", "{\"a\":\xff}", "{\"\xff\":1}", "{\"a\":\"\xc0\xaf\"}",
	"{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}", "\xff", "\xef\xbb\xbf{}",
	// depth
	strings.Repeat("[", 5000), strings.Repeat("{\"a\":", 1000), strings.Repeat("[", 40) + strings.Repeat("]", 40),
	strings.Repeat("{\"a\":", 40) + "1" + strings.Repeat("}", 40),
}

// malformedJSON sends each of notJSON as a header, as a payload, and as the first, the last and a deeper value of both.
func malformedJSON(t *testing.T) {
	if len(notJSON) < 150 {
		t.Fatal(len(notJSON))
	}
	v := verifierWith()
	for _, text := range notJSON {
		for place, token := range map[string]string{
			"as header":          hs256Head(text),
			"as payload":         hs256(text),
			"first in a header":  hs256Head(`{"x":` + text + "," + head("HS256")[1:]),
			"last in a header":   hs256Head(plus(head("HS256"), `"x":`+text)),
			"first in a payload": hs256(`{"x":` + text + "," + claims()[1:]),
			"last in a payload":  hs256(plus(claims(), `"x":`+text)),
			"deep in a payload":  hs256(plus(claims(), `"x":[{"y":`+text+`}]`)),
			"as sub":             hs256(claims("sub", text+" ")),
		} {
			checkVisit(t, text+" "+place, token, knock(v, token), invalidToken)
		}
	}
}
