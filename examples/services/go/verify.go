package main

// The verification of a token, by the standard library alone.

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

var errRefused = errors.New("this is no token for this service")

// Claims says who a token was given to.
type Claims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	UserID   string `json:"sub"`
	Email    string `json:"email"`
	Expires  int64  `json:"exp"`
}

// Latchkey verifies tokens by the key set of an issuer.
type Latchkey struct {
	issuer, audience string
	mutex            sync.Mutex
	keys             map[string]*rsa.PublicKey
	read             time.Time
}

// verify returns the claims of a token, or errRefused, or why there is no key.
func (l *Latchkey) verify(token string) (*Claims, error) {
	var header struct{ Alg, Typ, Kid string }
	var claims Claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 || !decode(parts[0], &header) || !decode(parts[1], &claims) {
		return nil, errRefused
	}
	if header.Alg != "RS256" || header.Typ != "service+jwt" {
		return nil, errRefused
	}
	key, err := l.key(header.Kid)
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || key == nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil {
		return nil, errRefused
	}
	isOurs := claims.Issuer == l.issuer && claims.Audience == l.audience
	if !isOurs || claims.Expires <= time.Now().Unix() {
		return nil, errRefused
	}
	return &claims, nil
}

// key returns the key of that name, or nil. The set is read again every 10 minutes, and for a name
// that is not in it after 30 seconds.
func (l *Latchkey) key(kid string) (*rsa.PublicKey, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	keeps := 30 * time.Second
	if l.keys[kid] != nil {
		keeps = 10 * time.Minute
	}
	if time.Since(l.read) >= keeps {
		keys, err := readKeys(l.issuer + "/.well-known/jwks.json")
		if err != nil {
			return nil, err
		}
		l.keys, l.read = keys, time.Now()
	}
	return l.keys[kid], nil
}

// readKeys returns the RSA keys of a key set by their names.
func readKeys(url string) (map[string]*rsa.PublicKey, error) {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kty, Kid, N, E string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil || answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s %v", url, answer.Status, err)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, key := range set.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(key.N)
		e, errE := base64.RawURLEncoding.DecodeString(key.E)
		if key.Kty == "RSA" && errN == nil && errE == nil {
			exponent := int(new(big.Int).SetBytes(e).Int64())
			keys[key.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: exponent}
		}
	}
	return keys, nil
}

// decode reads a part of a token, and returns false if it cannot be read.
func decode(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}
