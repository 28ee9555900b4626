package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/countersign-go/countersign/apikey"
)

const (
	pageSize = 20
	maxPage  = 10_000

	// maxSearch is in characters: of a key that somebody pastes no more gets into the address than is public.
	maxSearch = 28
)

// keyRoutes are the pages about keys.
var keyRoutes = map[string]methods{
	"/keys":              {http.MethodGet: (*visit).listKeys, http.MethodPost: (*visit).createKey},
	"/keys/new":          {http.MethodGet: (*visit).newKey},
	"/keys/{id}":         {http.MethodGet: (*visit).readKey},
	"/keys/{id}/rename":  {http.MethodPost: (*visit).renameKey},
	"/keys/{id}/rotate":  {http.MethodPost: (*visit).rotateKey},
	"/keys/{id}/revoke":  {http.MethodPost: (*visit).revokeKey},
	"/keys/{id}/disable": {http.MethodPost: (*visit).disableKey},
	"/keys/{id}/enable":  {http.MethodPost: (*visit).enableKey},
	"/keys/{id}/delete":  {http.MethodPost: (*visit).deleteKey},
}

// A keyList is what the page of that name shows.
type keyList struct {
	*form
	Search           string
	Keys             []keyView
	Total            int
	Page, Pages      int
	Previous, Next   string // addresses; empty is none
	SomebodyElses    bool   // some of the keys are
	NothingAnywhere  bool   // not even without the search
	FirstNo, FinalNo int    // of what is shown among all
}

// listKeys shows the keys that the visitor may see, the newest first.
func (v *visit) listKeys() error {
	query := v.r.URL.Query()
	list := keyList{form: &form{values: query}, Search: strings.TrimSpace(query.Get("q")), Page: 1, Pages: 1}
	if utf8.RuneCountInString(list.Search) > maxSearch || !utf8.ValidString(list.Search) {
		list.wrong("q", "Search for "+strconv.Itoa(maxSearch)+" characters at most.")
		query.Del("q") // it is not shown again
		return v.showKeys(http.StatusBadRequest, list)
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n >= 1 && n <= maxPage {
		list.Page = n
	}
	for range 2 { // again, if that page is none any more
		q := apikey.Query{Text: list.Search, Newest: true, Limit: pageSize, Offset: (list.Page - 1) * pageSize}
		keys, total, err := v.keys().Find(v.r.Context(), q)
		if err != nil {
			return err
		}
		v.fill(&list, keys, total)
		if len(keys) > 0 || list.Page <= list.Pages {
			break
		}
		list.Page = list.Pages
	}
	return v.showKeys(http.StatusOK, list)
}

// fill puts one page of keys into list.
func (v *visit) fill(list *keyList, keys []apikey.Key, total int) {
	list.Keys, list.Total = nil, total
	list.Pages = max(1, (total+pageSize-1)/pageSize)
	list.FirstNo, list.FinalNo = (list.Page-1)*pageSize+1, (list.Page-1)*pageSize+len(keys)
	list.NothingAnywhere = total == 0 && list.Search == ""
	for _, k := range keys {
		list.Keys = append(list.Keys, v.view(k))
		list.SomebodyElses = list.SomebodyElses || k.Owner != v.keys().Owner()
	}
}

func (v *visit) showKeys(status int, list keyList) error {
	at := func(n int) string {
		values := url.Values{"page": {strconv.Itoa(n)}}
		if list.Search != "" {
			values.Set("q", list.Search)
		}
		return v.config.Path + "/keys?" + values.Encode()
	}
	if list.Page > 1 {
		list.Previous = at(list.Page - 1)
	}
	if list.Page < list.Pages {
		list.Next = at(list.Page + 1)
	}
	return v.show(status, page{Name: "keys", Title: "API keys", Section: "keys", Mistakes: list.Mistakes, Body: list})
}
