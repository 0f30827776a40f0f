-- What each capture finds in its database.
create table items(id int primary key, name text not null, price numeric(10,2), added timestamptz);
insert into items select i, 'item ' || i, i * 1.5, timestamptz '2020-01-01 00:00:00+00' + i * interval '1 day'
  from generate_series(1, 5) i;
create function greet(who text) returns text language plpgsql as
  $$ begin raise notice 'greeting %', who; return 'hello ' || who; end $$;
grant all on items to public;
