package session_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

func ExampleNewHandler() {
	sessions := must(session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{keyA}}))
	guard := auth.New(sessions.Scheme(), nil)
	handler := session.NewHandler(sessions, guard, nil)
	mux := http.NewServeMux()
	mux.Handle(session.DefaultPath, handler)
	mux.Handle(session.DefaultPath+"/", handler)

	// Ann logs in with her telephone and with her computer.
	login := session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}}
	var cookie string
	for range 2 {
		w := httptest.NewRecorder()
		if _, err := sessions.Start(w, httptest.NewRequest("POST", "https://example.com/login", nil), login); err != nil {
			fmt.Println(err)
			return
		}
		cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	}
	send := func(method, path, cookie string) {
		r := httptest.NewRequest(method, "https://example.com"+path, nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		var answer struct {
			Count, Ended int
			Message      string
		}
		err := json.Unmarshal(w.Body.Bytes(), &answer)
		fmt.Printf("%d %+v %v\n", w.Code, answer, err)
	}
	send("GET", "/admin/sessions", cookie)
	send("POST", "/admin/sessions/end-others", cookie)
	send("GET", "/admin/sessions", cookie)
	send("GET", "/admin/sessions", "")
	// Output:
	// 200 {Count:2 Ended:0 Message:} <nil>
	// 200 {Count:0 Ended:1 Message:} <nil>
	// 200 {Count:1 Ended:0 Message:} <nil>
	// 401 {Count:0 Ended:0 Message:Unauthorized} <nil>
}

func ExampleNewRefreshHandler() {
	sessions := must(session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{keyA}}))
	guard := auth.New(sessions.Scheme(), nil)
	mux := http.NewServeMux()
	mux.Handle(session.DefaultRefreshPath, session.NewRefreshHandler(sessions, guard))

	login := session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}}
	tokens, err := sessions.StartTokens(httptest.NewRequest("POST", "/login", nil), login)
	if err != nil {
		fmt.Println(err)
		return
	}
	send := func(body string) {
		r := httptest.NewRequest("POST", session.DefaultRefreshPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.Contains(w.Body.String(), `"refresh_token":"rt_`))
	}
	send(`{"refresh_token": "` + tokens.Refresh.Reveal() + `"}`)
	send(`{"refresh_token": "rt_made_up"}`)
	// Output:
	// 200 true
	// 401 false
}
