package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

const (
	metadataFresh = time.Hour       // before they are fetched anew, while they are used on
	metadataStale = 24 * time.Hour  // before they are used no more
	cooldown      = 5 * time.Second // after a failure, in which nobody is asked
)

// A view is what is known of an issuer: where it is, and its keys. It is never changed.
type view struct {
	server   *server
	keys     *jwks.Remote
	verifier *jwtx.Verifier
	fetched  time.Time
}

func (v *view) isYounger(than time.Duration) bool { return v != nil && time.Since(v.fetched) < than }

// A discovery finds an issuer's metadata when they are first wanted. However many want them, one fetches, for all; the fetch
// is nobody's own, so whoever gives up takes it away from nobody.
type discovery struct {
	config Config
	client *client

	mu      sync.Mutex
	view    *view         // the last that was good; nil until there is one
	err     error         // why the last fetch brought nothing; nil if it did
	ended   time.Time     // when it did so
	flight  chan struct{} // closed when the fetch under way has ended; nil if there is none
	cancel  context.CancelFunc
	closed  bool
	running sync.WaitGroup
}

func newDiscovery(c Config, client *client) *discovery { return &discovery{config: c, client: client} }

// get returns what is known of the issuer, and waits only if that is nothing, or too old.
func (d *discovery) get(ctx context.Context) (*view, error) {
	v, flight := d.look()
	if v != nil {
		return v, nil
	}
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, unavailable("metadata", ctx.Err())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.view.isYounger(metadataStale) {
		return d.view, nil
	}
	return nil, unavailable("metadata", d.err)
}

// look returns the view if it can be used, and else the fetch to wait for, if there is one. It begins one that is due.
func (d *discovery) look() (*view, chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due := !d.view.isYounger(metadataFresh) && (d.err == nil || time.Since(d.ended) >= cooldown)
	if d.flight == nil && due && !d.closed {
		d.start()
	}
	if d.view.isYounger(metadataStale) {
		return d.view, nil
	}
	if d.closed && d.err == nil {
		d.err = errors.New("closed")
	}
	return nil, d.flight
}

// start begins a fetch. The caller holds mu.
func (d *discovery) start() {
	ctx, cancel := context.WithTimeout(context.Background(), d.config.Timeout)
	d.flight, d.cancel = make(chan struct{}), cancel
	old := d.view
	d.running.Go(func() {
		defer cancel()
		d.land(ctx, old)
	})
}

// land makes one attempt, and ends it even if the Transport, which is not ours, panics. It logs after that, so that nobody
// waits for a Logger.
func (d *discovery) land(ctx context.Context, old *view) {
	v, err := (*view)(nil), errors.New("transport that does not return")
	defer func() {
		if p := recover(); p != nil {
			err = brief(fmt.Errorf("panic: %v", p))
		}
		d.mu.Lock()
		d.err, d.ended = err, time.Now()
		if err == nil {
			d.view = v
		}
		close(d.flight)
		d.flight = nil
		d.mu.Unlock()
		d.tell(old, v, err)
	}()
	v, err = d.fetch(ctx, old)
}

// tell closes what nobody uses any more, and logs a failure. A Logger is not ours either.
func (d *discovery) tell(old, v *view, err error) {
	defer func() { _ = recover() }()
	if err == nil && old != nil && old.keys != v.keys {
		_ = old.keys.Close() // the keys that it knows stay good for those who still look
	}
	if err != nil {
		d.config.Logger.Warn("oidc: metadata cannot be had", slog.String("issuer", d.config.Issuer), slog.Any("error", err))
	}
}

// fetch returns a new view, with the keys of the old one unless they are elsewhere now.
func (d *discovery) fetch(ctx context.Context, old *view) (*view, error) {
	data, err := d.client.get(ctx, metadataURL(d.config.Issuer), "", maxMetadata)
	if err != nil {
		return nil, err
	}
	s, err := readMetadata(d.config, data)
	if err != nil {
		return nil, err
	}
	if old != nil && old.server.keysURL == s.keysURL {
		return &view{server: s, keys: old.keys, verifier: old.verifier, fetched: time.Now()}, nil
	}
	keys, err := jwks.NewRemote(jwks.RemoteConfig{
		Issuer: d.config.Issuer, URL: s.keysURL, Timeout: d.config.Timeout, Transport: d.config.Transport, Logger: d.config.Logger,
		AllowNoKeyID: true, // which an issuer with one key may leave out (OpenID Connect Core 1.0, section 10.1)
	})
	if err != nil {
		return nil, err
	}
	verifier, err := newVerifier(d.config, keys)
	if err != nil {
		return nil, errors.Join(err, keys.Close())
	}
	return &view{server: s, keys: keys, verifier: verifier, fetched: time.Now()}, nil
}

// close ends all fetching, and returns when nothing of it is left.
func (d *discovery) close() {
	d.mu.Lock()
	d.closed = true
	if d.flight != nil {
		d.cancel()
	}
	d.mu.Unlock()
	d.running.Wait()
	d.mu.Lock()
	v := d.view
	d.mu.Unlock()
	if v != nil {
		_ = v.keys.Close()
	}
}
