// Command owners prints the owners of an account.
package main

import (
	"fmt"
	"io"
	"net/http"
)

var key = "{{key}}"

func owners(base string) (string, error) {
	req, err := http.NewRequest("GET", base+"/crm/v3/owners?hapikey="+key, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func main() {
	fmt.Println(owners("https://api.hubapi.com"))
}
