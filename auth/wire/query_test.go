package wire_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/wire"
)

func TestQuery(t *testing.T) {
	// list echoes what it read.
	list := wire.Routes{"GET /": func(w http.ResponseWriter, r *http.Request) error {
		q := wire.ParseQuery(r)
		text, there := q.Text("q")
		got := fmt.Sprintf("%s %t %s %d %q %s", text, there, q.Word("order", "up", "down"), q.Int("limit", 20, 1, 100), q.List("id"),
			q.Time("at[$gt]").UTC().Format(time.RFC3339Nano))
		if err := q.Err(); err != nil {
			return err
		}
		wire.Write(w, http.StatusOK, got)
		return nil
	}}
	read := func(format string, args ...any) reply {
		return reply{Status: 200, Body: `"` + strings.ReplaceAll(fmt.Sprintf(format, args...), `"`, `\"`) + `"`}
	}
	const never = "0001-01-01T00:00:00Z"
	many := strings.Repeat("id=a&", 101)
	tests := []struct {
		name, query string
		want        reply
	}{
		{"nothing", "", read(" false  20 [] %s", never)},
		{"text", "q=a+b%2B", read("a b+ true  20 [] %s", never)},
		{"empty text", "q=", read(" true  20 [] %s", never)},
		{"a word", "order=down", read(" false down 20 [] %s", never)},
		{"a number", "limit=7", read(" false  7 [] %s", never)},
		{"a list of one", "id=a", read(` false  20 ["a"] %s`, never)},
		{"a list", "id=a&id=b", read(` false  20 ["a" "b"] %s`, never)},
		{"a list with brackets", "id[]=a&id%5B%5D=b", read(` false  20 ["a" "b"] %s`, never)},
		{"a list with numbers", "id%5B1%5D=b&id[0]=a", read(` false  20 ["a" "b"] %s`, never)},
		{"a time", "at%5B%24gt%5D=2026-01-02T03:04:05.678Z", read(" false  20 [] 2026-01-02T03:04:05.678Z")},
		{"a time elsewhere", "at[$gt]=2026-01-02T03:04:05%2B01:00", read(" false  20 [] 2026-01-02T02:04:05Z")},

		{"text twice", "q=a&q=b", invalid("Field 'q' must be there once")},
		{"a word that is none of them", "order=s3cr3t", invalid("Field 'order' must be one of up, down")},
		{"an empty word", "order=", invalid("Field 'order' must be one of up, down")},
		{"no number", "limit=s3cr3t", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"a number that is too small", "limit=0", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"one that is too large", "limit=101", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"one that no machine has", "limit=99999999999999999999", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"one below zero", "limit=-1", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"one with a sign", "limit=%2B5", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"one with a zero in front", "limit=05", invalid("Field 'limit' must be a whole number from 1 to 100")},
		{"no time", "at[$gt]=s3cr3t", invalid("Field 'at[$gt]' must be a time such as 2006-01-02T15:04:05Z")},
		{"a time before databases", "at[$gt]=0001-01-01T00:00:00Z", invalid("Field 'at[$gt]' must be a time such as 2006-01-02T15:04:05Z")},
		{"one that is in their year 10000", "at[$gt]=9999-12-31T23:59:59-01:00", invalid("Field 'at[$gt]' must be a time such as 2006-01-02T15:04:05Z")},
		{"a list that is too long", many, invalid("Field 'id' must be there 100 times at most")},
		{"a number beyond the list", "id[100]=a", invalid("Unrecognized fields: 'id[100]'")},
		{"what nobody asked for", "owner=s3cr3t&x=y", invalid("Unrecognized fields: 'owner', 'x'")},
		{"an operator that nobody asked for", "at[$ne]=1", invalid("Unrecognized fields: 'at[$ne]'")},
		{"a name without its operator", "at=2026-01-02T03:04:05Z", invalid("Unrecognized fields: 'at'")},
		{"another case", "Limit=7", invalid("Unrecognized fields: 'Limit'")},
		{"a name as long as a secret", strings.Repeat("a", 41) + "=1", invalid("Unrecognized fields: '…'")},
		{"no UTF-8", "q=%ff", invalid("Field 'q' must be plain text")},
		{"a NUL", "id=a%00", invalid("Field 'id' must be plain text")},
		{"a line break", "q=a%0d%0ab", invalid("Field 'q' must be plain text")},
		{"a semicolon", "q=a;order=up", invalid("The query is malformed")},
		{"half an escape", "q=%", invalid("The query is malformed")},
		{"8 KiB", "q=" + strings.Repeat("s", 8<<10), invalid("The query is longer than 8 KiB")},
	}
	server := httptest.NewServer(list.Under("/x").Handler(guard))
	defer server.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", raw(t, server, "GET /x?"+tt.query), tt.want)
		})
	}
}
