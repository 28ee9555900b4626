package login

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A flow is a log-in by another's pages: what is kept until the browser comes back.
type flow struct {
	Actor   string        `json:"actor"`
	Method  string        `json:"method"`
	Browser []byte        `json:"browser"` // the digest of a cookie
	Client  netip.Addr    `json:"client"`  // where it was begun
	Data    auth.Metadata `json:"data"`    // the provider's
}

const (
	flowPrefix = "flow-"
	flowLen    = 8   // of an ID, in characters
	maxFlows   = 8   // of one browser
	maxEnded   = 100 // at once; the next flow ends the others
)

// flowCookie returns the name of the cookie of a flow: each tab has its own.
func flowCookie(id string) string { return flowPrefix + id[:flowLen] }

// keepState begins a flow: its state is a token that is good once, and a cookie says which browser began it.
func (q *inquiry) keepState(ctx context.Context, data auth.Metadata) (string, error) {
	if q.w == nil {
		return "", errOutsideHTTP
	}
	if err := q.count(ctx); err != nil { // before there is something to keep
		return "", err
	}
	id, browser := token.NewID(), token.NewID()
	digest := token.Sum(browser)
	kept, err := auth.NewMetadata(flow{
		Actor: q.kind, Method: q.method.ID, Browser: digest[:], Client: q.attempt.client, Data: data,
	})
	if err != nil {
		return "", err
	}
	q.endOldFlows()
	lifetime := q.s.config.FlowLifetime
	state, err := q.s.tokens.Issue(ctx, Token{Purpose: PurposeState, Subject: id, Data: kept, Expires: timestamp().Add(lifetime)})
	if err != nil {
		return "", err
	}
	q.s.setCookie(q.w, flowCookie(id), browser, int(lifetime/time.Second))
	return state.Reveal(), nil
}

// endOldFlows has the browser forget the flows that are too many, the oldest first, as browsers name them (RFC 6265, section
// 5.4): else another site's page, which can begin as many as it likes, would push out all other cookies.
func (q *inquiry) endOldFlows() {
	var names []string
	for _, c := range q.r.Cookies() {
		if id, ok := strings.CutPrefix(c.Name, q.s.cookieName(flowPrefix)); ok && len(id) == flowLen {
			names = append(names, flowPrefix+id)
		}
	}
	for _, name := range names[:min(max(len(names)-maxFlows+1, 0), maxEnded)] {
		q.s.setCookie(q.w, name, "", 0)
	}
}

// takeState ends the flow that state names. One that is another browser's goes on: only its own can end it.
func (q *inquiry) takeState(ctx context.Context, state string) (auth.Metadata, error) {
	if q.w == nil {
		return auth.Metadata{}, errOutsideHTTP
	}
	kept, err := q.s.tokens.Look(ctx, PurposeState, state)
	if err != nil {
		return auth.Metadata{}, err
	}
	var f flow
	if err := kept.Data.Decode(&f); err != nil {
		return auth.Metadata{}, unauthorized("a state that cannot be read")
	}
	if f.Actor != q.kind || f.Method != q.method.ID {
		return auth.Metadata{}, unauthorized("the state of another provider, or of another type of actor")
	}
	if !q.s.config.InsecureUnboundFlows && !q.isBrowser(kept.Subject, f) {
		return auth.Metadata{}, unauthorized("the state of another browser")
	}
	if _, err := q.s.tokens.Consume(ctx, PurposeState, state); err != nil {
		return auth.Metadata{}, err
	}
	q.s.setCookie(q.w, flowCookie(kept.Subject), "", 0)
	q.began = append(q.began, f.Client)
	return f.Data, nil
}

// isBrowser reports whether the request is from the browser that began the flow.
func (q *inquiry) isBrowser(id string, f flow) bool {
	var want token.Digest
	copy(want[:], f.Browser)
	values := auth.CookieValues(q.r, q.s.cookieName(flowCookie(id)))
	return slices.ContainsFunc(values, func(value string) bool { return want.Equal(token.Sum(value)) })
}
