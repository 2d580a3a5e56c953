# Counts tickets for the support dashboard.
require 'json'
require 'net/http'

BASE = ENV.fetch('HUBSPOT_API', 'https://api.hubapi.com')
HAPIKEY = '{{key}}'

def tickets
  uri = URI("#{BASE}/crm/v3/objects/tickets?limit=5&hapikey=#{HAPIKEY}")
  answer = Net::HTTP.get_response(uri)
  abort "#{answer.code} #{answer.body}" unless answer.is_a?(Net::HTTPSuccess)
  JSON.parse(answer.body)['results']
end

puts "#{tickets.size} tickets"
