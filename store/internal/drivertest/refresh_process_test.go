package drivertest_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/redisstore"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// newManager returns what each process of a program makes of a store.
func newManager(store session.Store, prefix string) (*session.Manager, error) {
	key := sha256.Sum256([]byte(prefix))
	return session.New(session.Config{Store: store, Keys: [][]byte{key[:]}, StoreTimeout: patience, RefreshGrace: time.Minute})
}

// sessions returns the store of the job.
func (j *job) sessions() (session.Store, error) {
	if j.redis != nil {
		store, err := redisstore.New(j.redis, &redisstore.Options{Prefix: j.opts.Prefix, InsecureVolatile: true})
		if err != nil {
			return nil, err
		}
		return store.Sessions(), nil
	}
	store, err := sqlstore.New(j.db, j.dialect, j.opts)
	if err != nil {
		return nil, err
	}
	return store.Sessions(), nil
}

// callers is how many use one refresh token at once in each process.
const callers = 32

// refreshJob uses the refresh token that it is sent by many callers at once, and says what each was given.
func refreshJob(j *job) (string, error) {
	store, err := j.sessions()
	if err != nil {
		return "", err
	}
	manager, err := newManager(store, j.opts.Prefix)
	if err != nil {
		return "", err
	}
	spent := j.line()
	given := make([]string, callers)
	for i, err := range together(callers, func(i int) error {
		tokens, err := manager.Refresh(j.ctx, spent)
		given[i] = tokens.Refresh.Reveal()
		return err
	}) {
		if err != nil {
			return "", fmt.Errorf("caller %d: %w", i, err)
		}
	}
	for _, token := range given {
		j.say(token)
	}
	return "refreshed", nil
}

// Two processes with 32 callers each use one refresh token at the same moment: it is used up once, and what each caller is
// given works.
func TestRefreshOfProcesses(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) { testRefresh(t, d.Sessions(), d.opts.Prefix, d.place()) })
	t.Run("Redis", func(t *testing.T) {
		dsn, prefix := server.Redis(t), "t"+random()+":"
		j := &job{opts: &sqlstore.Options{Prefix: prefix}}
		must(t, j.open(redisDriver, dsn))
		t.Cleanup(func() { _ = j.close() })
		store, err := j.sessions()
		must(t, err)
		testRefresh(t, store, prefix, fmt.Sprintf("%s 0 %s %s", redisDriver, prefix, dsn))
	})
}

func testRefresh(t *testing.T, store session.Store, prefix, place string) {
	manager, err := newManager(store, prefix)
	must(t, err)
	r := newRequest(t)
	first, err := manager.StartTokens(r, session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}})
	must(t, err)
	processes := startJobs(t, "refresh", 2, place)
	for _, p := range processes {
		p.say("go")
	}
	for _, p := range processes {
		p.say(first.Refresh.Reveal())
	}
	var given []string
	for _, p := range processes {
		for range callers {
			given = append(given, p.line())
		}
		check(t, "last line of a process", p.line(), "refreshed")
		p.end()
	}
	rec, err := store.Get(t.Context(), first.Context.SessionID, time.Now())
	must(t, err)
	check(t, "generations", rec.Counter, 1)
	for _, token := range given {
		_, err := manager.Refresh(t.Context(), token)
		must(t, err)
	}
}
