package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

const isJSON = "Content-Type: application/json"

// An order has a field of each kind.
type order struct {
	Title    string         `json:"title"`
	Count    *int           `json:"count"`
	Price    float64        `json:"price"`
	Paid     bool           `json:"paid"`
	At       time.Time      `json:"at"`
	Tags     []string       `json:"tags"`
	Scopes   auth.Set       `json:"scopes"`
	Metadata *auth.Metadata `json:"metadata"`
	Where    address        `json:"where"`
	Via      *address       `json:"via"`
	Stops    []address      `json:"stops"`
	Grid     [][]int        `json:"grid"`
	Hidden   string         `json:"-"`
	Plain    string
	hidden   string
	Embedded
}

type address struct {
	City string `json:"city"`
}

// Embedded is part of an order.
type Embedded struct {
	Note string `json:"note,omitempty"`
}

const emptyOrder = `{"title":"","count":null,"price":0,"paid":false,"at":"0001-01-01T00:00:00Z","tags":null,"scopes":[],` +
	`"metadata":null,"where":{"city":""},"via":null,"stops":null,"grid":null,"Plain":""}`

func changed(old, to string) reply {
	return reply{Status: 200, Body: strings.Replace(emptyOrder, old, to, 1)}
}

func TestDecode(t *testing.T) {
	deep := func(n int) string {
		return `{"metadata":` + strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) + "}"
	}
	tests := []struct {
		name, body string
		want       reply
	}{
		{"nothing", "", changed("", "")},
		{"an empty object", "{}", changed("", "")},
		{"space around it", " \n{ } \t", changed("", "")},
		{"a string", `{"title":"x"}`, changed(`"title":""`, `"title":"x"`)},
		{"a name with an escape", `{"\u0074itle":"x"}`, changed(`"title":""`, `"title":"x"`)},
		{"null is as good as nothing", `{"title":null,"count":null,"at":null,"tags":null,"where":null}`, changed("", "")},
		{"a number", `{"count":7}`, changed(`"count":null`, `"count":7`)},
		{"a time", `{"at":"2026-01-02T03:04:05Z"}`, changed(`"0001-01-01T00:00:00Z"`, `"2026-01-02T03:04:05Z"`)},
		{"an array", `{"tags":["a","a"]}`, changed(`"tags":null`, `"tags":["a","a"]`)},
		{"a set", `{"scopes":["b","a"]}`, changed(`"scopes":[]`, `"scopes":["a","b"]`)},
		{"any object", `{"metadata":{"a":1,"A":[{}]}}`, changed(`"metadata":null`, `"metadata":{"a":1,"A":[{}]}`)},
		{"an object in an object", `{"where":{"city":"x"}}`, changed(`"city":""`, `"city":"x"`)},
		{"an object behind a pointer", `{"via":{"city":"x"}}`, changed(`"via":null`, `"via":{"city":"x"}`)},
		{"objects in an array", `{"stops":[{"city":"x"},{}]}`, changed(`"stops":null`, `"stops":[{"city":"x"},{"city":""}]`)},
		{"arrays in an array", `{"grid":[[1],[]]}`, changed(`"grid":null`, `"grid":[[1],[]]`)},
		{"a field without a tag", `{"Plain":"x"}`, changed(`"Plain":""`, `"Plain":"x"`)},
		{"an embedded field", `{"note":"x"}`, changed(`"Plain":""`, `"Plain":"","note":"x"`)},
		{"32 levels", deep(31), changed(`"metadata":null`, strings.TrimSuffix(strings.TrimPrefix(deep(31), "{"), "}"))},

		{"33 levels", deep(32), invalid("The body has more than 32 levels")},
		{"levels without end", strings.Repeat("[", 60<<10), invalid("The body is not valid JSON")},
		{"a field that nobody asked for", `{"owner":"s3cr3t"}`, invalid("Unrecognized fields: 'owner'")},
		{"several of them", `{"z":1,"a":1,"title":"x"}`, invalid("Unrecognized fields: 'a', 'z'")},
		{"very many of them", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1}`,
			invalid("Unrecognized fields: 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'")},
		{"one in an object", `{"where":{"town":1}}`, invalid("Unrecognized fields: 'where.town'")},
		{"one in an array", `{"stops":[{"town":1}]}`, invalid("Unrecognized fields: 'stops.town'")},
		{"one that is not like a name", `{"<script>":1," ":1,"":1}`, invalid("Unrecognized fields: '…'")},
		{"one as long as a secret", `{"` + strings.Repeat("a", 41) + `":1}`, invalid("Unrecognized fields: '…'")},
		{"another case", `{"Title":"s3cr3t"}`, invalid("Unrecognized fields: 'Title'")},
		{"another case in an object", `{"where":{"City":"s3cr3t"}}`, invalid("Unrecognized fields: 'where.City'")},
		{"both cases", `{"title":"x","TITLE":"y"}`, invalid("Unrecognized fields: 'TITLE'")},
		{"a letter that folds to an s", `{"tagſ":[]}`, invalid("Unrecognized fields: '…'")},
		{"a field that is hidden", `{"Hidden":"x"}`, invalid("Unrecognized fields: 'Hidden'")},
		{"a field called -", `{"-":"x"}`, invalid("Unrecognized fields: '-'")},
		{"a field that is not exported", `{"hidden":"x"}`, invalid("Unrecognized fields: 'hidden'")},
		{"what is embedded, by its type", `{"Embedded":{}}`, invalid("Unrecognized fields: 'Embedded'")},
		{"a prototype", `{"__proto__":{}}`, invalid("Unrecognized fields: '__proto__'")},
		{"a field that is there twice", `{"title":"s3cr3t","title":"y"}`, invalid("Field 'title' is there twice")},
		{"twice, once with an escape", `{"title":"x","\u0074itle":"y"}`, invalid("Field 'title' is there twice")},
		{"twice within any object", `{"metadata":{"a":1,"a":2}}`, invalid("Field 'a' is there twice")},
		{"twice within an array", `{"grid":[{"a":1,"a":2}]}`, invalid("Field 'a' is there twice")},

		{"a number for a string", `{"title":31337}`, invalid("Field 'title' must be a string")},
		{"an array for a string", `{"title":["s3cr3t"]}`, invalid("Field 'title' must be a string")},
		{"a string for a number", `{"count":"s3cr3t"}`, invalid("Field 'count' must be a whole number")},
		{"a fraction for a whole number", `{"count":1.5}`, invalid("Field 'count' must be a whole number")},
		{"a number that is too large", `{"count":1e999}`, invalid("Field 'count' must be a whole number")},
		{"a string for a fraction", `{"price":"s3cr3t"}`, invalid("Field 'price' must be a number")},
		{"a string for true", `{"paid":"true"}`, invalid("Field 'paid' must be true or false")},
		{"no time", `{"at":"s3cr3t"}`, invalid("Field 'at' must be a time such as 2006-01-02T15:04:05Z")},
		{"a string for an array", `{"tags":"s3cr3t"}`, invalid("Field 'tags' must be an array of strings")},
		{"a number in an array of strings", `{"tags":["a",31337]}`, invalid("Field 'tags' must be an array of strings")},
		{"a string for a set", `{"scopes":"s3cr3t"}`, invalid("Field 'scopes' must be an array of strings")},
		{"a string for any object", `{"metadata":"s3cr3t"}`, invalid("Field 'metadata' must be an object")},
		{"an array for an object", `{"where":["s3cr3t"]}`, invalid("Field 'where' must be an object")},
		{"a string in an object", `{"where":{"city":31337}}`, invalid("Field 'where.city' must be a string")},
		{"a string for an array of objects", `{"stops":"s3cr3t"}`, invalid("Field 'stops' must be an array")},
		{"a string in an array of objects", `{"stops":["s3cr3t"]}`, invalid("Field 'stops' must be an object")},
		{"a string in arrays", `{"grid":[["s3cr3t"]]}`, invalid("Field 'grid' must be an array")},

		{"no JSON", "s3cr3t", invalid("The body is not valid JSON")},
		{"half of it", `{"title":"s3cr3t`, invalid("The body is not valid JSON")},
		{"a comma too many", `{"title":"s3cr3t",}`, invalid("The body is not valid JSON")},
		{"single quotes", `{'title':'s3cr3t'}`, invalid("The body is not valid JSON")},
		{"something after it", `{"title":"x"}s3cr3t`, invalid("The body is not valid JSON")},
		{"another object after it", `{}{}`, invalid("The body is not valid JSON")},
		{"a byte order mark", "\ufeff{}", invalid("The body is not valid JSON")},
		{"a form", "title=s3cr3t", invalid("The body is not valid JSON")},
		{"space only", " ", invalid("The body is not valid JSON")},
		{"null", "null", invalid("The body must be a JSON object")},
		{"an array", `["s3cr3t"]`, invalid("The body must be a JSON object")},
		{"a string", `"s3cr3t"`, invalid("The body must be a JSON object")},
		{"a number", "31337", invalid("The body must be a JSON object")},
		{"not UTF-8", "{\"title\":\"s3cr3t\xff\"}", invalid("The body has text that is not Unicode")},
		{"not UTF-8 in a name", "{\"title\xff\":1}", invalid("The body has text that is not Unicode")},
		{"half a surrogate pair", `{"title":"s3cr3t\ud800"}`, invalid("The body has text that is not Unicode")},
		{"half a surrogate pair in any object", `{"metadata":{"a":["\udc00"]}}`, invalid("The body has text that is not Unicode")},
		{"half a surrogate pair in a name", `{"metadata":{"\ud800":1}}`, invalid("The body has text that is not Unicode")},
	}
	server := serve[order](t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", send(t, server, post(server.URL, strings.NewReader(tt.body), isJSON)), tt.want)
			chunked := post(server.URL, io.MultiReader(strings.NewReader(tt.body)), isJSON)
			check(t, "the answer to chunks", send(t, server, chunked), tt.want)
		})
	}
}

// A trip has structs behind all that structs can be behind.
type trip struct {
	Legs   []*address           `json:"legs,omitempty"`
	ByDay  map[int]address      `json:"by_day,omitempty"`
	Sheets [][]address          `json:"sheets,omitempty"`
	Ends   *[2]address          `json:"ends,omitempty"`
	From   *netip.Addr          `json:"from,omitempty"`
	Notes  map[string]any       `json:"notes,omitempty"`
	Bags   []auth.Metadata      `json:"bags,omitempty"`
	Deep   **map[string]address `json:"deep,omitempty"`
}

// The members of structs are matched wherever they are.
func TestDecodeWithin(t *testing.T) {
	tests := []struct {
		name, body string
		want       reply
	}{
		{"pointers in an array", `{"legs":[{"city":"x"},null]}`, reply{Status: 200, Body: `{"legs":[{"city":"x"},null]}`}},
		{"a map", `{"by_day":{"1":{"city":"x"}}}`, reply{Status: 200, Body: `{"by_day":{"1":{"city":"x"}}}`}},
		{"arrays in an array", `{"sheets":[[{"city":"x"}],[]]}`, reply{Status: 200, Body: `{"sheets":[[{"city":"x"}],[]]}`}},
		{"an array of some length", `{"ends":[{"city":"x"}]}`, reply{Status: 200, Body: `{"ends":[{"city":"x"},{"city":""}]}`}},
		{"text that decodes itself", `{"from":"192.0.2.1"}`, reply{Status: 200, Body: `{"from":"192.0.2.1"}`}},
		{"anything", `{"notes":{"City":[{"A":1,"a":2}]}}`, reply{Status: 200, Body: `{"notes":{"City":[{"A":1,"a":2}]}}`}},
		{"objects that decode themselves", `{"bags":[{"City":1}]}`, reply{Status: 200, Body: `{"bags":[{"City":1}]}`}},
		{"pointers to a pointer", `{"deep":{"a":{"city":"x"}}}`, reply{Status: 200, Body: `{"deep":{"a":{"city":"x"}}}`}},

		{"another case behind a pointer in an array", `{"legs":[{"City":"s3cr3t"}]}`, invalid("Unrecognized fields: 'legs.City'")},
		{"a field that nobody asked for in a map", `{"by_day":{"1":{"town":"s3cr3t"}}}`, invalid("Unrecognized fields: 'by_day.town'")},
		{"one in arrays in an array", `{"sheets":[[{"town":"s3cr3t"}]]}`, invalid("Unrecognized fields: 'sheets.town'")},
		{"one in an array of some length", `{"ends":[{"town":"s3cr3t"}]}`, invalid("Unrecognized fields: 'ends.town'")},
		{"one behind pointers", `{"deep":{"a":{"town":"s3cr3t"}}}`, invalid("Unrecognized fields: 'deep.town'")},
		{"a name that is no number", `{"by_day":{"s3cr3t":{}}}`, invalid("Field 'by_day' must be an object")},
		{"more than there is room for", `{"ends":[{},{},{}]}`, invalid("Field 'ends' must be an array")},
		{"a string for a map", `{"by_day":"s3cr3t"}`, invalid("Field 'by_day' must be an object")},
		{"a string for an array", `{"sheets":["s3cr3t"]}`, invalid("Field 'sheets' must be an array")},
	}
	server := serve[trip](t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", send(t, server, post(server.URL, strings.NewReader(tt.body), isJSON)), tt.want)
		})
	}
}

func TestDecodeKinds(t *testing.T) {
	ok := reply{Status: 200, Body: `{"city":""}`}
	no := refused(415, "invalid_data", "Invalid request: The body must be application/json")
	tests := []struct {
		name  string
		body  string
		lines []string
		want  reply
	}{
		{"neither a body nor a kind", "", nil, ok},
		{"JSON and no body", "", []string{isJSON}, ok},
		{"a body without a kind", "{}", nil, no},
		{"a charset", "{}", []string{isJSON + "; charset=UTF-8"}, ok},
		{"capitals", "{}", []string{"Content-Type: Application/JSON"}, ok},
		{"another charset", "{}", []string{isJSON + "; charset=utf-16"}, no},
		{"a form", "a=b", []string{"Content-Type: application/x-www-form-urlencoded"}, no},
		{"a form and no body", "", []string{"Content-Type: application/x-www-form-urlencoded"}, no},
		{"text, as another site's page may send", "{}", []string{"Content-Type: text/plain"}, no},
		{"text that has JSON in its name", "{}", []string{"Content-Type: text/plain; a=application/json"}, no},
		{"JSON of another kind", "{}", []string{"Content-Type: application/problem+json"}, no},
		{"two kinds", "{}", []string{isJSON, "Content-Type: text/plain"}, no},
		{"the same twice", "{}", []string{isJSON, isJSON}, no},
		{"two in one", "{}", []string{isJSON + ", text/plain"}, no},
		{"an empty one", "{}", []string{"Content-Type: "}, no},
		{"compressed", "{}", []string{isJSON, "Content-Encoding: gzip"}, no},
	}
	server := serve[address](t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", send(t, server, post(server.URL, strings.NewReader(tt.body), tt.lines...)), tt.want)
		})
	}
}

func TestDecodeSizes(t *testing.T) {
	const edge = 64<<10 - len(`{"city":""}`)
	tooLarge := refused(413, "invalid_data", "Invalid request: The body is larger than 64 KiB")
	tests := []struct {
		name string
		size int
		want reply
	}{
		{"64 KiB", edge, reply{Status: 200, Body: `{"city":"` + strings.Repeat("x", edge) + `"}`}},
		{"a byte more", edge + 1, tooLarge},
		{"a megabyte", 1 << 20, tooLarge},
	}
	server := serve[address](t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := `{"city":"` + strings.Repeat("x", tt.size) + `"}`
			check(t, "the answer", send(t, server, post(server.URL, strings.NewReader(body), isJSON)), tt.want)
			check(t, "the answer to chunks", send(t, server, post(server.URL, io.MultiReader(strings.NewReader(body)), isJSON)), tt.want)
		})
	}
}

// A body that ends before it should is no outage, whatever the reason.
func TestDecodeHalf(t *testing.T) {
	server := serve[address](t)
	conn := must(net.Dial("tcp", server.Listener.Addr().String()))
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n")
	response := must(http.ReadResponse(bufio.NewReader(conn), nil))
	check(t, "the status", response.StatusCode, 400)
	check(t, "closing", response.Body.Close(), nil)
}

func TestDecodeCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	broken := io.MultiReader(strings.NewReader("{"), errReader{})
	r := httptest.NewRequest("POST", "/", broken).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	err := wire.Decode(httptest.NewRecorder(), r, &address{})
	check(t, "unavailable", auth.IsUnavailable(err), true)
	late := httptest.NewRequest("POST", "/", broken)
	late.Header.Set("Content-Type", "application/json")
	var refusal *auth.Error
	err = wire.Decode(httptest.NewRecorder(), late, &address{})
	check(t, "a refusal", errors.As(err, &refusal), true)
	check(t, "the status", refusal.Status, 400)
	check(t, "unavailable for a slow client", auth.IsUnavailable(err), false)
}

// errReader is a body whose connection has a deadline that passed.
type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, context.DeadlineExceeded }

// What was there stays where nothing is sent, and all of it where something is wrong.
func TestDecodeInto(t *testing.T) {
	tests := []struct {
		name, body string
		want       order
	}{
		{"nothing", "", order{Title: "old", Price: 1, hidden: "h"}},
		{"one field", `{"title":"new"}`, order{Title: "new", Price: 1, hidden: "h"}},
		{"one that is wrong behind one that is not", `{"title":"new","where":7}`, order{Title: "old", Price: 1, hidden: "h"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := order{Title: "old", Price: 1, hidden: "h"}
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			_ = wire.Decode(httptest.NewRecorder(), r, &got)
			check(t, "decoded", reflect.DeepEqual(got, tt.want), true)
		})
	}
	r := must(http.NewRequest("POST", "/", nil))
	check(t, "without a body", wire.Decode(nil, r, &address{}), nil)
}

func TestDecodePanics(t *testing.T) {
	for _, into := range []any{nil, address{}, new(string), (*address)(nil), map[string]string{}} {
		check(t, "the panic", panics(func() { _ = wire.Decode(nil, httptest.NewRequest("POST", "/", nil), into) }),
			"wire: Decode: not a pointer to a struct")
	}
	var embeds struct{ *Embedded }
	r := post("/", strings.NewReader("{}"), isJSON)
	check(t, "the panic", panics(func() { _ = wire.Decode(nil, r, &embeds) }), "wire: Decode: a struct that embeds a pointer")
}
