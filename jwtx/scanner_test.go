package jwtx_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwtx"
)

func nested(depth int) string {
	return `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
}

// members returns an object of n members.
func members(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"m%d":%d`, i, i)
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestScanner(t *testing.T) {
	for _, tt := range []struct {
		name, text    string
		names, values []string
	}{
		{"an empty object", `{}`, nil, nil},
		{"white space", " \t\r\n{ \n} \r\t", nil, nil},
		{"all kinds of values", `{"s":"a","n":-1.5E+3,"t":true,"f":false,"z":null,"o":{"a":[]},"l":[1,{"b":2}]}`,
			[]string{"s", "n", "t", "f", "z", "o", "l"}, []string{`"a"`, "-1.5E+3", "true", "false", "null", `{"a":[]}`, `[1,{"b":2}]`}},
		{"space around members", " { \"a\" : 1 ,\n\t\"b\" :\r[ 1 , 2 ] } ", []string{"a", "b"}, []string{"1", "[ 1 , 2 ]"}},
		{"numbers", `{"a":0,"b":-0,"c":0.0,"d":10,"e":1e5,"f":0E-0,"g":1.25e+10,"h":1e999}`,
			[]string{"a", "b", "c", "d", "e", "f", "g", "h"}, []string{"0", "-0", "0.0", "10", "1e5", "0E-0", "1.25e+10", "1e999"}},
		{"escaped names", `{"\u0061":1,"\"\\\/\b\f\n\r\t":2,"\ud83d\uDE00":3,"x\u00e9y\\z":4}`,
			[]string{"a", "\"\\/\b\f\n\r\t", "😀", "xéy\\z"}, []string{"1", "2", "3", "4"}},
		{"an empty name", `{"":{"":""}}`, []string{""}, []string{`{"":""}`}},
		{"names that differ in case", `{"a":1,"A":2,"á":3,"a ":4,"a\u0000":5}`, []string{"a", "A", "á", "a ", "a\x00"}, []string{"1",
			"2", "3", "4", "5"}},
		{"names that look alike in Unicode", "{\"\u00e9\":1,\"e\u0301\":2}", []string{"\u00e9", "e\u0301"}, []string{"1", "2"}},
		{"the edges of UTF-8", "{\"a\":\"\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff\"}", []string{"a"},
			[]string{"\"\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff\""}},
		{"brackets in strings", `{"a":"}],{[\""}`, []string{"a"}, []string{`"}],{[\""`}},
		{"as deep as may be", nested(jwtx.MaxDepth), []string{"a"}, []string{nested(jwtx.MaxDepth)[5 : len(nested(jwtx.MaxDepth))-1]}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names, values, err := jwtx.Scan(tt.text)
			if err != nil || !reflect.DeepEqual(names, tt.names) || !reflect.DeepEqual(values, tt.values) {
				t.Errorf("%q, %q, %v, want %q, %q", names, values, err, tt.names, tt.values)
			}
			if !json.Valid([]byte(tt.text)) {
				t.Error("encoding/json does not agree")
			}
		})
	}
}

// What is JSON to encoding/json, but is read in several ways, or costs too much.
func TestScannerIsStricter(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"a name twice", `{"a":1,"a":1}`},
		{"a name twice, escaped", `{"a":1,"\u0061":2}`},
		{"a name twice, apart", `{"a":1,"b":2,"c":3,"a":1}`},
		{"an empty name twice", `{"":1,"":2}`},
		{"bytes that are not UTF-8", "{\"a\":\"\xff\"}"},
		{"a name that is not UTF-8", "{\"\xff\":1}"},
		{"a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}"},
		{"an overlong character", "{\"a\":\"\xc1\x81\"}"},
		{"a high surrogate", `{"a":"\ud800"}`},
		{"a low surrogate", `{"a":"\udfff"}`},
		{"surrogates in the wrong order", `{"a":"\udc00\ud800"}`},
		{"a high surrogate and a character", `{"a":"\ud800\u0041"}`},
		{"a high surrogate and the letter u", `{"a":"\ud800u"}`},
		{"half a name", `{"\ud800":1}`},
		{"half a character deep inside", `{"a":[{"b":["\ud800"]}]}`},
		{"an array", `[]`},
		{"a string", `"a"`},
		{"a number", `1`},
		{"null", `null`},
		{"too deep", nested(jwtx.MaxDepth + 1)},
		{"too deep by a scalar", `{"a":` + strings.Repeat("[", jwtx.MaxDepth-1) + "1" + strings.Repeat("]", jwtx.MaxDepth-1) + "}"},
		{"too deep by objects", strings.Repeat(`{"a":`, jwtx.MaxDepth) + "1" + strings.Repeat("}", jwtx.MaxDepth)},
		{"too many members", members(jwtx.MaxMembers + 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if names, values, err := jwtx.Scan(tt.text); err == nil {
				t.Errorf("read as %q, %q", names, values)
			}
			if !json.Valid([]byte(tt.text)) {
				t.Error("encoding/json refuses it too")
			}
		})
	}
	if names, _, err := jwtx.Scan(members(jwtx.MaxMembers)); err != nil || len(names) != jwtx.MaxMembers {
		t.Errorf("as many members as may be: %d, %v", len(names), err)
	}
}

func TestScannerRefusesMalformed(t *testing.T) {
	for _, text := range notJSON {
		for _, whole := range []string{text, `{"a":` + text + "}", `{"a":[` + text + ",1]}", `{"a":1,` + text + "}"} {
			if names, values, err := jwtx.Scan(whole); err == nil {
				t.Errorf("%q is read as %q, %q", whole, names, values)
			}
		}
	}
}
