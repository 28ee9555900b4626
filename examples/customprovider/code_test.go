package main

import (
	"crypto/rand"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
)

func TestCodes(t *testing.T) {
	var mails mailbox
	newAddress := func() string { return strings.ToLower(rand.Text()) + "@example.com" }
	logintest.TestProvider(t, codes{page: shop + "/code", mail: mails.put}, logintest.Requests{
		Account: func() (login.ProviderIdentity, logintest.Fields) {
			address := newAddress()
			return login.ProviderIdentity{EntityID: address}, logintest.Fields{"email": strings.ToUpper(address)}
		},
		Unknown: func() logintest.Fields { return logintest.Fields{"email": newAddress()} },
		Elsewhere: func(location string) logintest.Fields {
			u := must(url.Parse(location))
			return logintest.Fields{"state": u.Query().Get("state"), "code": mails.take()}
		},
		Bad: map[string]func(logintest.Fields) logintest.Fields{
			"a guess":           func(f logintest.Fields) logintest.Fields { return f.With("code", rand.Text()[:8]) },
			"in small letters":  func(f logintest.Fields) logintest.Fields { return f.With("code", strings.ToLower(f["code"].(string))) },
			"a state of nobody": func(f logintest.Fields) logintest.Fields { return f.With("state", rand.Text()) },
		},
		Secret: []string{"code"},
	})
}

// A mailbox has the code that was mailed last.
type mailbox struct {
	mu   sync.Mutex
	code string
}

func (m *mailbox) put(_, code string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.code = code
}

// take returns the code, or one that nobody mailed.
func (m *mailbox) take() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	code := m.code
	if m.code = ""; code == "" {
		return rand.Text()[:8]
	}
	return code
}

// The program shows what is mailed, that the code logs in, and that it does so once.
func TestMainShowsALogin(t *testing.T) {
	before := os.Stdout
	defer func() { os.Stdout = before }()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	main()
	_ = w.Close()
	printed, err := io.ReadAll(r)
	want := regexp.MustCompile(`^POST +200 https://shop\.example/code\?state=state_\S+
outbox: the code is [A-Z2-7]{8}
POST /callback +200 eyJ\S+
POST /callback +401 Unauthorized
$`)
	if err != nil || !want.Match(printed) {
		t.Errorf("printed %v:\n%s", err, printed)
	}
}
