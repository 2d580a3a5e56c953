using System.Net.Http;
using System.Threading.Tasks;

namespace Example.Crm;

/// <summary>Reads companies for the invoicing service.</summary>
public class CompanyClient
{
    private static readonly HttpClient Http = new HttpClient();
    private readonly string _key;

    public CompanyClient(string key) => _key = key;

    public async Task<string> Companies()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"https://api.hubapi.com/crm/v3/objects/companies?limit=10&hapikey={_key}");
        var answer = await Http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync();
    }
}
