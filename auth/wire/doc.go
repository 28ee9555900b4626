// Package wire reads and writes the JSON of the HTTP APIs of this module. An application may use it for routes of its own,
// so that they answer as these do.
//
// [Decode] reads the body of a request strictly, [Object] one whose members others know, [Query] what is behind the question
// mark, [Write] answers. [Routes] is a mux that answers in JSON whatever happens: a handler returns the error, and a guard
// refuses it. [OpenAPI] serves the document that describes the API.
//
//	routes := wire.Routes{
//		"POST /greetings": func(w http.ResponseWriter, r *http.Request) error {
//			var body struct {
//				Name string `json:"name"`
//			}
//			if err := wire.Decode(w, r, &body); err != nil {
//				return err
//			}
//			wire.Write(w, http.StatusOK, map[string]string{"greeting": "Hello, " + body.Name})
//			return nil
//		},
//	}
//	handler := guard.Require()(routes.Handler(guard))
//
// What is promised:
//
//   - A refusal is {"type": …, "message": …}; it names what is wrong with a request, and never repeats a value from it.
//   - There is one way to read a body: members that are there twice, that are spelled in another case, or that nobody asked
//     for are refused, and so is text that is not Unicode.
//   - What is read is bounded: 64 KiB of a body, 8 KiB of a query.
//   - No answer is kept by a cache.
package wire
