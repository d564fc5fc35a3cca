// Command service lets in whoever brings a token of Latchkey for it, and asks nobody.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"
)

// signedIn guards a handler, which is told who calls.
func (l *Latchkey) signedIn(next func(http.ResponseWriter, *http.Request, *Claims)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			token = ""
		}
		claims, err := l.verify(token)
		switch {
		case err == nil:
			next(w, r, claims)
		case errors.Is(err, errRefused):
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
		default: // there is no key to judge it by
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

func main() {
	issuer, audience, port := os.Getenv("ISSUER"), os.Getenv("AUDIENCE"), os.Getenv("PORT")
	if issuer == "" || audience == "" {
		log.Fatal("ISSUER and AUDIENCE are needed")
	}
	if port == "" {
		port = "8080"
	}
	latchkey := &Latchkey{issuer: issuer, audience: audience}
	me := func(w http.ResponseWriter, r *http.Request, caller *Claims) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"email": caller.Email})
	}
	http.Handle("GET /api/me", latchkey.signedIn(me))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
