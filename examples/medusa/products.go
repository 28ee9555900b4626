package main

import (
	"net/http"
	"slices"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// A product is sold in some channels.
type product struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Handle   string `json:"handle"`
	channels []string
}

const webChannel = "web"

var products = []product{
	{ID: "prod_shirt", Title: "Shirt", Handle: "shirt", channels: []string{webChannel}},
	{ID: "prod_mug", Title: "Mug", Handle: "mug", channels: []string{webChannel, "stall"}},
	{ID: "prod_poster", Title: "Poster", Handle: "poster", channels: []string{"stall"}},
}

// listProducts is for everybody who names a shop: the publishable key says what is sold there, and proves nothing.
func listProducts(w http.ResponseWriter, r *http.Request) error {
	q := wire.ParseQuery(r)
	q.Text("fields")
	limit, offset := q.Int("limit", 50, 1, 100), q.Int("offset", 0, 0, 1<<31-1)
	if err := q.Err(); err != nil {
		return err
	}
	key, _ := apikey.PublishableKey(r.Context())
	answer := struct {
		Products []product `json:"products"`
		Count    int       `json:"count"`
		Offset   int       `json:"offset"`
		Limit    int       `json:"limit"`
	}{Products: []product{}, Offset: offset, Limit: limit}
	sold := slices.DeleteFunc(slices.Clone(products), func(p product) bool { return !p.soldIn(key.Channels) })
	answer.Count = len(sold)
	sold = sold[min(offset, len(sold)):]
	answer.Products = append(answer.Products, sold[:min(limit, len(sold))]...)
	wire.Write(w, http.StatusOK, answer)
	return nil
}

func (p product) soldIn(channels auth.Set) bool { return slices.ContainsFunc(p.channels, channels.Has) }
