package main

import (
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// maxResponse is more than a full page of parameters of the largest tier.
const maxResponse = 1 << 20

// listRequest and listResponse have the needed fields of GetParametersByPath's request and
// response, in the protocol AWS JSON 1.1.
type listRequest struct {
	Path           string
	MaxResults     int
	WithDecryption bool
	NextToken      string `json:",omitempty"`
}

type listResponse struct {
	Parameters []struct {
		Name, Value      string
		LastModifiedDate float64 // seconds since 1970
	}
	NextToken string
}

// readPage reads a page. The error quotes nothing of it: there are keys in it.
func readPage(content []byte) (keystore.Page, error) {
	var list listResponse
	if err := json.Unmarshal(content, &list); err != nil {
		return keystore.Page{}, errors.New("the response is no JSON of a list of parameters")
	}
	page := keystore.Page{Next: list.NextToken}
	for _, parameter := range list.Parameters {
		page.Parameters = append(page.Parameters, keystore.Parameter{
			Name: parameter.Name, Value: parameter.Value, Modified: moment(parameter.LastModifiedDate),
		})
	}
	return page, nil
}

func moment(seconds float64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}
