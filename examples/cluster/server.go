package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A server keeps nothing that another process does not find in the database.
type server struct {
	sessions *session.Manager
	guard    *auth.Guard
	password [sha256.Size]byte
}

// runServer serves until ctx is done, and then lets requests finish.
func runServer(ctx context.Context, addr, database, prefix string, renew time.Duration) error {
	key, err := hex.DecodeString(os.Getenv("SESSION_KEY"))
	password := os.Getenv("DEMO_PASSWORD")
	if err != nil || len(key) != 32 || password == "" {
		return errors.New("all processes need the same SESSION_KEY, 32 bytes in hex, and DEMO_PASSWORD: make them with\n" +
			"export SESSION_KEY=$(openssl rand -hex 32) DEMO_PASSWORD=$(openssl rand -hex 8)")
	}
	db, store, err := openDatabase(ctx, database, prefix)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	sessions, err := session.New(session.Config{
		Store:         store.Sessions(),
		Keys:          [][]byte{key},
		Cookie:        session.CookieConfig{InsecurePlainHTTP: true}, // this server has no TLS; yours has
		RenewInterval: renew,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("process %d listens on http://%s\n", os.Getpid(), listener.Addr())
	s := &server{sessions, auth.New(sessions.Scheme(), nil), sha256.Sum256([]byte(password))}
	return s.serve(ctx, listener, func(ctx context.Context) { sweep(ctx, store) })
}

// serve serves, and does something in the background, until ctx is done or serving fails. When it returns, all has ended.
func (s *server) serve(ctx context.Context, listener net.Listener, background func(context.Context)) error {
	web := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { background(ctx) })
	group.Go(func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = web.Shutdown(ending)
	})
	err := web.Serve(listener)
	cancel()
	group.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *server) routes() http.Handler {
	mux, require := http.NewServeMux(), s.guard.Require()
	mux.HandleFunc("POST /login", s.login)
	mux.Handle("GET /me", require(http.HandlerFunc(s.me)))
	mux.Handle("GET /sessions", require(http.HandlerFunc(s.list)))
	mux.Handle("POST /logout", require(http.HandlerFunc(s.logout)))
	mux.Handle("POST /logout-everywhere", require(http.HandlerFunc(s.logoutEverywhere)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Served-By", strconv.Itoa(os.Getpid())) // also where a guard refuses
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		mux.ServeHTTP(w, r)
	})
}

// login compares two texts. A program with real users asks a login provider, which keeps slow hashes and limits attempts.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	password := sha256.Sum256([]byte(r.PostFormValue("password"))) // of equal length, whatever was typed
	if subtle.ConstantTimeCompare(password[:], s.password[:]) != 1 {
		s.guard.Refuse(w, r, &auth.Error{Status: http.StatusUnauthorized, Err: auth.ErrInvalidCredentials})
		return
	}
	// What a client says of itself is kept as text that every database takes, and not much of it.
	device := strings.ToValidUTF8(fmt.Sprintf("%.80s", r.UserAgent()), "?")
	about, err := auth.NewMetadata(map[string]string{"device": device})
	if err == nil {
		_, err = s.sessions.Start(w, r, session.Login{Actor: auth.Actor{Type: "user", ID: "demo"}, UserMetadata: about})
	}
	s.answer(w, r, err, "device", device)
}

func (s *server) me(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context()) // Require lets nobody pass without
	s.answer(w, r, nil, "session", ac.Actor.ID+"'s on "+fmt.Sprint(ac.UserMetadata.Get("device")))
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context())
	records, err := s.sessions.List(r.Context(), ac.Actor)
	var devices []any
	for _, rec := range records {
		devices = append(devices, rec.Login.UserMetadata.Get("device"))
	}
	s.answer(w, r, err, "devices", devices)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context())
	err := s.sessions.End(r.Context(), ac.SessionID)
	if err == nil {
		s.sessions.ClearCookie(w)
	}
	s.answer(w, r, err, "ended", 1)
}

func (s *server) logoutEverywhere(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context())
	n, err := s.sessions.EndAll(r.Context(), ac.Actor, "")
	if err == nil {
		s.sessions.ClearCookie(w)
	}
	s.answer(w, r, err, "ended", n)
}

// answer says who answers, and something more, or refuses because of err.
func (s *server) answer(w http.ResponseWriter, r *http.Request, err error, name string, value any) {
	if err != nil {
		s.guard.Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"process": os.Getpid(), name: value})
}
