package com.example.crm;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Reads contacts for the loyalty programme. */
public class ContactClient {
    private static final String KEY = "{{key}}";
    private final HttpClient client = HttpClient.newHttpClient();

    public String contacts(int limit) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://api.hubapi.com/crm/v3/objects/contacts?hapikey=" + KEY))
            .timeout(java.time.Duration.ofSeconds(10))
            .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
}
