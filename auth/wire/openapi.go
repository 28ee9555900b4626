package wire

import (
	"encoding/json"
	"net/http"
)

// OpenAPI returns the handler that serves an OpenAPI document, which is JSON. rename says where the paths of the document
// are served: "" is nowhere, and leaves the path out. OpenAPI panics if document is not JSON with paths.
func OpenAPI(document []byte, rename func(path string) string) func(w http.ResponseWriter, r *http.Request) error {
	var members, paths map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil || json.Unmarshal(members["paths"], &paths) != nil {
		panic("wire: OpenAPI: not a document")
	}
	renamed := map[string]json.RawMessage{}
	for path, item := range paths {
		if path = rename(path); path != "" {
			renamed[path] = item
		}
	}
	text, err := json.Marshal(renamed)
	if err != nil {
		panic("wire: OpenAPI: " + err.Error())
	}
	members["paths"] = text
	return func(w http.ResponseWriter, _ *http.Request) error {
		Write(w, http.StatusOK, members)
		return nil
	}
}
