package jwtx_test

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func algTwice(t *testing.T) {
	refused(t, headers(map[string]string{
		"none, then HS256":    `{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"HS256"}`,
		"HS256, then none":    plus(head("HS256"), `"alg":"none"`),
		"HS256 twice":         plus(head("HS256"), `"alg":"HS256"`),
		"HS256, then escaped": plus(head("HS256"), `"\u0061lg":"none"`),
		"HS256, then ALG":     plus(head("HS256"), `"ALG":"none"`),
		"HS256, then Alg":     plus(head("HS256"), `"\u0041lg":"HS256"`),
	}))
}

func memberTwice(t *testing.T) {
	refused(t, headers(map[string]string{
		"kid":               plus(head("HS256"), `"kid":"HS256"`),
		"kid, escaped":      plus(head("HS256"), `"k\u0069d":"HS256"`),
		"KID":               plus(head("HS256"), `"KID":"HS384"`),
		"kid of Kelvin":     plus(head("HS256"), "\"\u212aid\":\"HS384\""),
		"kid alone, Kelvin": head("HS256", "kid", "", "\u212aid", `"HS256"`),
		"typ":               plus(head("HS256"), `"typ":"at+jwt"`),
		"TYP":               plus(head("HS256"), `"TYP":"at+jwt"`),
		"crit":              plus(head("HS256", "crit", `["exp"]`), `"crit":["exp"]`),
		"JKU":               plus(head("HS256"), `"JKU":"https://attacker.example"`),
		"X5U":               plus(head("HS256"), `"X5U":"https://attacker.example"`),
		"Jwk":               plus(head("HS256"), `"Jwk":{}`),
		"x5C":               plus(head("HS256"), `"x5C":[]`),
		"X5T":               plus(head("HS256"), `"X5T":"a"`),
		"x5t#s256":          plus(head("HS256"), `"x5t#s256":"a"`),
		"Enc":               plus(head("HS256"), `"Enc":"A128GCM"`),
		"unknown":           plus(head("HS256"), `"x":1,"x":1`),
		"unknown, escaped":  plus(head("HS256"), `"x":1,"\u0078":1`),
	}))
}

func claimTwice(t *testing.T) {
	all := map[string]string{}
	for _, name := range []string{"sub", "exp", "aud", "iss", "nbf", "iat", "jti", "sid", "scope", "roles", "amr", "actor_id",
		"actor_type", "unknown"} {
		once := claims(name, `"u1"`)
		all[name+" twice"] = plus(once, `"`+name+`":"u1"`)
		all[name+", then null"] = plus(once, `"`+name+`":null`)
		escaped := strings.NewReplacer("u", `\u0075`, "i", `\u0069`, "e", `\u0065`).Replace(name)
		all[name+", then escaped"] = plus(once, `"`+escaped+`":"admin"`)
	}
	all["sub u1, then admin"] = plus(claims(), `"sub":"admin"`)
	all["exp passed, then not"] = plus(claims("exp", "1"), `"exp":`+future)
	all["aud of another, then ours"] = plus(claims("aud", `"x"`), `"aud":"`+audience+`"`)
	all["iss of another, then ours"] = plus(claims("iss", `"x"`), `"iss":"`+issuer+`"`)
	all["iss ours, then again"] = plus(claims(), `"iss":"`+issuer+`"`)
	refused(t, payloads(all))
}

func claimInOtherCase(t *testing.T) {
	all := map[string]string{
		"exp passed, then EXP": plus(claims("exp", "1"), `"EXP":`+future),
		"EXP alone":            claims("exp", "", "EXP", future),
		"exp of long s":        plus(claims(), `"i\u017fs":"x"`),
		"SUB of an admin":      plus(claims(), `"SUB":"admin"`),
		"Sub first":            `{"Sub":"admin",` + claims()[1:],
	}
	for _, name := range []string{"Iss", "SUB", "Aud", "eXp", "NBF", "Iat", "Jti", "SID", "CNF", "Scope", "ROLES", "Amr",
		"auth_Time", "Actor_Id",
		"actor_TYPE", "Auth_identity_id", "auth_Provider", "APP_metadata", "user_Metadata", "amr_timeS", "\u017fub", "\u017fcope",
		"i\u017fs", "role\u017f"} {
		all[name+" beside"] = plus(claims(), `"`+name+`":1`)
		all[name+" alone"] = claims(strings.ToLower(name), "", name, `"u1"`)
	}
	refused(t, payloads(all))
}

func payloadNoClaims(t *testing.T) {
	all := map[string]string{}
	for _, text := range []string{"null", "[]", `"x"`, "1", "", "{}", "true", " ", "[" + claims() + "]", `{"":` + claims() + "}",
		"{}" + claims()} {
		all["payload "+text] = text
	}
	refused(t, payloads(all))
	refused(t, headers(all))
}

func payloadTrailing(t *testing.T) {
	all := map[string]string{}
	for _, tail := range []string{claims(), "{}", "x", "}", "]", ",", ",{}", "\x00", "null", "//", "/**/", "#", "\n{}", "\ufeff",
		"\x0b", "\u00a0"} {
		all["claims and "+tail] = claims() + tail
	}
	refused(t, payloads(all))
	checkVisit(t, "white space", hs256(claims()+" \t\r\n"), knock(verifierWith(), hs256(claims()+" \t\r\n")), passes)
}

// wide returns text in UTF-16 or UTF-32, by the bytes of a unit, with a byte order mark.
func wide(text string, size int, little bool) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		cell := make([]byte, size)
		cell[size-1], cell[size-2] = byte(unit), byte(unit>>8)
		if little {
			clear(cell)
			cell[0], cell[1] = byte(unit), byte(unit>>8)
		}
		b = append(b, cell...)
	}
	return string(b)
}

func payloadEncoding(t *testing.T) {
	for text, tokens := range map[string]func(map[string]string) map[string]string{claims(): payloads, head("HS256"): headers} {
		refused(t, tokens(map[string]string{
			"BOM": "\ufeff" + text, "two BOMs": "\ufeff\ufeff" + text, "UTF-16BE": wide(text, 2, false), "UTF-16LE": wide(text, 2, true),
			"UTF-32BE": wide(text, 4, false), "UTF-32LE": wide(text, 4, true), "UTF-16BE without BOM": wide(text, 2, false)[2:],
			"UTF-7": strings.ReplaceAll(text, `"`, "+ACI-"), "overlong quote": strings.Replace(text, `"`, "\xc0\xa2", 1),
		}))
	}
}

// texts are claims that are strings.
var texts = []string{"sub", "jti", "sid", "actor_id", "actor_type", "auth_identity_id", "auth_provider", "scope"}

func notUnicode(t *testing.T) {
	all := map[string]string{}
	for _, bad := range []string{"\xff", "u\xff1", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		`\ud800`, `\udc00`, `\ud800u`, `\ud800\ud800`,
		`\udc00\ud800`, `\uD800\n`, `u1\udbff`} {
		for _, name := range append(texts, "x") {
			all[name+" is "+bad] = claims(name, `"`+bad+`"`)
		}
		all["a name with "+bad] = plus(claims(), `"x`+bad+`":1`)
		all["a list with "+bad] = claims("roles", `["`+bad+`"]`)
		all["deeper with "+bad] = claims("x", `{"y":[{"z":"`+bad+`"}]}`)
		all["deeper named "+bad] = claims("x", `{"y":[{"`+bad+`":1}]}`)
	}
	refused(t, payloads(all))
	refused(t, headers(map[string]string{
		"a kid of no UTF-8": head("HS256", "kid", "\"\xff\""), "half a kid": head("HS256", "kid", `"\ud800"`),
		"a name": plus(head("HS256"), "\"\xff\":1"),
	}))
}

func controlCharacters(t *testing.T) {
	all := map[string]string{}
	for _, bad := range []string{"\x00", "\r", "\n", "\t", "\x1f", "\x7f", "\u0085", "\u009f", `\u0000`, `\r`, `\n`, `\t`, `\b`,
		`\f`, `\u001b[31m`, `\u007f`, `\u0080`, `\u009b`} {
		for _, name := range texts {
			all[name+" with "+bad] = claims(name, `"u1`+bad+`"`)
		}
		all["roles with "+bad] = claims("roles", `["u1`+bad+`"]`)
		all["amr with "+bad] = claims("amr", `["u1`+bad+`"]`, "auth_time", "1")
	}
	refused(t, payloads(all))
}
