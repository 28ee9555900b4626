package openapi_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/paths"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// A recorder is a transport that holds all that passes against an OpenAPI document, and keeps what it has seen of it.
type recorder struct {
	t         *testing.T
	inner     http.RoundTripper
	model     *v3.Document
	validator validator.Validator
	seen      map[string]bool // operations with a status, such as "listKeys 200"
	conforms  string          // whether the document allows the next request: "yes", "no", or "" for either
}

// newRecorder returns the recorder for a document, which has to be one of OpenAPI 3.1.
func newRecorder(t *testing.T, document []byte) *recorder {
	doc, err := libopenapi.NewDocument(document)
	if err != nil {
		t.Fatal(err)
	}
	if doc.GetVersion() != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.GetVersion())
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc, config.WithStrictMode(), config.WithFormatAssertions(),
		config.WithStrictIgnorePaths("$.body.metadata.**", "$.body.api_key.metadata.**", "$.body.api_keys[*].metadata.**", // anything
			"$.body.user.app_metadata.**", "$.body.email", "$.body.password", "$.body.state", "$.body.code", // a provider's
			"$.query.email", "$.query.password", "$.query.state", "$.query.code", "$.cookies.__Host-sid",
			"$.body.info.**", "$.body.paths**", "$.body.servers[*].**", "$.body.components.**"), // OpenAPI's own
		config.WithStrictIgnoredHeadersExtra("X-Fault", "Sec-Fetch-Site", "Sec-Fetch-Mode", "X-Content-Type-Options", "Vary", "Content-Length", "Date"))
	if errs != nil {
		t.Fatal(errs)
	}
	if ok, mistakes := v.ValidateDocument(); !ok {
		t.Errorf("the document: %v", told(mistakes))
	}
	return &recorder{t: t, inner: http.DefaultTransport, model: &model.Model, validator: v, seen: map[string]bool{}}
}

// RoundTrip sends a request, and holds it and its answer against the document.
func (rec *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := drain(&r.Body)
	if err != nil {
		return nil, err
	}
	response, err := rec.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := drain(&response.Body)
	if err != nil {
		return nil, err
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	rec.look(again, response)
	response.Body = io.NopCloser(bytes.NewReader(answer))
	return response, nil
}

// drain reads a body, and puts another like it in its place.
func drain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil {
		return nil, nil
	}
	text, err := io.ReadAll(*body)
	*body = io.NopCloser(bytes.NewReader(text))
	return text, err
}

func (rec *recorder) look(r *http.Request, response *http.Response) {
	rec.t.Helper()
	name := fmt.Sprint(r.Method, " ", r.URL.RequestURI(), " ", response.StatusCode)
	operation := rec.operation(r)
	if operation == nil {
		rec.t.Errorf("%s: not in the document", name)
		return
	}
	status := fmt.Sprint(response.StatusCode)
	if operation.Responses.Codes.GetOrZero(status) == nil {
		rec.t.Errorf("%s: a status that is not in the document", name)
	}
	rec.seen[operation.OperationId+" "+status] = true
	ok, mistakes := rec.validator.ValidateHttpRequestSync(r)
	switch {
	case !ok && rec.conforms == "yes":
		rec.t.Errorf("%s: the request: %v", name, told(mistakes))
	case ok && rec.conforms == "no":
		rec.t.Errorf("%s: the document allows the request", name)
	}
	if ok, mistakes := rec.validator.ValidateHttpResponse(r, response); !ok {
		rec.t.Errorf("%s: the answer: %v", name, told(mistakes))
	}
}

// operation returns what the document says of r, nil if it has nothing to say.
func (rec *recorder) operation(r *http.Request) *v3.Operation {
	item, _, _ := paths.FindPath(r, rec.model, config.NewValidationOptions())
	if item == nil {
		return nil
	}
	return item.GetOperations().GetOrZero(strings.ToLower(r.Method))
}

func told(mistakes []*errors.ValidationError) (all []string) {
	for _, m := range mistakes {
		all = append(all, m.Message+": "+m.Reason)
		for _, s := range m.SchemaValidationErrors {
			all = append(all, s.Reason)
		}
	}
	return all
}

// operations calls f with each operation of the document.
func (rec *recorder) operations(f func(method, path string, operation *v3.Operation)) {
	for path, item := range rec.model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			f(strings.ToUpper(method), path, operation)
		}
	}
}

// unseen returns what is in the document and never happened.
func (rec *recorder) unseen() []string {
	missing := map[string]bool{}
	rec.operations(func(_, _ string, operation *v3.Operation) {
		for status := range operation.Responses.Codes.FromOldest() {
			if name := operation.OperationId + " " + status; !rec.seen[name] {
				missing[name] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(missing))
}
