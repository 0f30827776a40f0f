require 'pg'

conn = PG.connect
conn.exec_params('select name from items where id = $1', [2]).values
conn.prepare('by_name', 'select id from items where name like $1')
conn.exec_prepared('by_name', ['item%']).values
begin
  conn.exec('select 1/0')
rescue PG::DivisionByZero
  nil
end
conn.transaction { |inner| inner.exec('update items set price = 0') }
conn.close
