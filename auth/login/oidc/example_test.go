package oidc_test

import (
	"fmt"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
)

func ExampleNew() {
	staff, err := oidc.New(oidc.Config{
		Issuer:       "https://login.example.com/realms/staff",
		ClientID:     "shop",
		ClientSecret: token.NewSecret("from the environment"),
		CallbackURLs: []string{"https://shop.example.com/admin/callback"},
		Scopes:       []string{"openid", "email"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer staff.Close()
	method := login.Method{ID: "staff", DisplayName: "Example staff", Provider: staff}
	fmt.Println(method.ID)
	// Output: staff
}

// The likely mistakes: an issuer without its scheme, a callback URL that is only a path, and scopes in one text. All are found
// before anybody is asked.
func ExampleNew_mistakes() {
	_, err := oidc.New(oidc.Config{
		Issuer:       "login.example.com",
		ClientID:     "shop",
		CallbackURLs: []string{"/admin/callback"},
		Scopes:       []string{"openid email"},
	})
	fmt.Println(err)
	// Output:
	// oidc: Issuer: no absolute URL
	// oidc: CallbackURLs: "/admin/callback": no absolute URL
	// oidc: Scopes: "openid email" is not one word
	// oidc: Scopes without "openid", which brings the ID token
}

func ExampleGoogle() {
	google, err := oidc.Google(oidc.Config{
		ClientID:     "1234.apps.googleusercontent.com",
		ClientSecret: token.NewSecret("from the environment"),
		CallbackURLs: []string{"https://shop.example.com/auth/google/callback"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer google.Close()
	fmt.Println(login.Method{ID: "google", Provider: google}.ID)
	// Output: google
}

func ExampleGitHub() {
	github, err := oidc.GitHub(oidc.Config{
		ClientID:     "Iv1.1234",
		ClientSecret: token.NewSecret("from the environment"),
		CallbackURLs: []string{"https://shop.example.com/auth/github/callback"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer github.Close()
	fmt.Println(login.Method{ID: "github", Provider: github}.ID)
	// Output: github
}
